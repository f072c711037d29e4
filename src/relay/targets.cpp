#include "relay/targets.hpp"

#include <algorithm>
#include <numeric>

namespace zc {

Targets::Targets(const std::vector<Address>& addresses, Balance balance,
                 std::chrono::milliseconds retry_after)
    : balance_(balance), retry_after_(retry_after) {
    for (const Address& each : addresses) entries_.push_back(Entry{each});
}

std::vector<std::size_t> Targets::order(Clock::time_point now) {
    std::vector<std::size_t> all(entries_.size());
    std::iota(all.begin(), all.end(), 0);
    if (all.size() == 1) return all;
    const std::lock_guard lock(mutex_);
    if (balance_ == Balance::round_robin)
        std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(turn_++ % all.size()),
                    all.end());
    if (balance_ == Balance::least)
        std::stable_sort(all.begin(), all.end(), [this](std::size_t a, std::size_t b) {
            return entries_[a].sessions < entries_[b].sessions;
        });
    std::stable_partition(all.begin(), all.end(), [this, now](std::size_t each) {
        return entries_[each].skipped_until <= now;
    });
    return all;
}

void Targets::refused(std::size_t target, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    entries_[target].skipped_until = now + retry_after_;
}

void Targets::begun(std::size_t target) {
    const std::lock_guard lock(mutex_);
    ++entries_[target].sessions;
}

void Targets::ended(std::size_t target) {
    const std::lock_guard lock(mutex_);
    --entries_[target].sessions;
}

}  // namespace zc
