// The right-hand addresses of a relay, and which one a session gets.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "address/address.hpp"

namespace zc {

enum class Balance : std::uint8_t {
    first,        // the first that does not refuse
    round_robin,  // each in its turn
    least         // the one with the fewest sessions
};

// For any thread.
class Targets {
public:
    using Clock = std::chrono::steady_clock;

    Targets(const std::vector<Address>& addresses, Balance balance,
            std::chrono::milliseconds retry_after);

    // The targets that a new session tries, one after the other. Those that have
    // refused less than retry_after ago come last.
    [[nodiscard]] std::vector<std::size_t> order(Clock::time_point now);
    [[nodiscard]] const Address& at(std::size_t target) const { return entries_[target].address; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    void refused(std::size_t target, Clock::time_point now);
    void begun(std::size_t target);
    void ended(std::size_t target);

private:
    struct Entry {
        const Address& address;
        std::uint64_t sessions = 0;
        Clock::time_point skipped_until{};
    };
    std::mutex mutex_;
    std::vector<Entry> entries_;
    Balance balance_;
    std::chrono::milliseconds retry_after_;
    std::size_t turn_ = 0;
};

}  // namespace zc
