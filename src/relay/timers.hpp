// When to look at something again, if nothing happens before.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zc {

// One time for each token. Whoever is told that it has come looks at the clock
// himself: a later time does not replace an earlier one.
class Timers {
public:
    using Clock = std::chrono::steady_clock;

    void set(std::uint64_t token, Clock::time_point when) {
        const auto [pending, added] = pending_.try_emplace(token, when);
        if (!added) {
            if (pending->second <= when) return;
            queue_.erase({pending->second, token});
            pending->second = when;
        }
        queue_.emplace(when, token);
    }

    void forget(std::uint64_t token) {
        const auto pending = pending_.find(token);
        if (pending == pending_.end()) return;
        queue_.erase({pending->second, token});
        pending_.erase(pending);
    }

    // The tokens whose time has come.
    [[nodiscard]] std::vector<std::uint64_t> due(Clock::time_point now) {
        std::vector<std::uint64_t> tokens;
        while (!queue_.empty() && queue_.begin()->first <= now) {
            tokens.push_back(queue_.begin()->second);
            pending_.erase(tokens.back());
            queue_.erase(queue_.begin());
        }
        return tokens;
    }

    // How long until the next; rounded up, so that it is due afterwards.
    [[nodiscard]] std::optional<std::chrono::milliseconds> until_next(Clock::time_point now) const {
        if (queue_.empty()) return std::nullopt;
        const auto rest = queue_.begin()->first - now;
        return std::max(std::chrono::ceil<std::chrono::milliseconds>(rest),
                        std::chrono::milliseconds{0});
    }

    [[nodiscard]] std::size_t size() const { return queue_.size(); }

private:
    std::set<std::pair<Clock::time_point, std::uint64_t>> queue_;
    std::unordered_map<std::uint64_t, Clock::time_point> pending_;
};

}  // namespace zc
