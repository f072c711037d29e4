// When to look at something again, if nothing happens before.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zc {

// A queue of (time, token). Setting a token again does not cancel the earlier
// time: whoever is told that a time has come looks at the clock himself, and an
// entry is only added when it is earlier than the token's pending one.
class Timers {
public:
    using Clock = std::chrono::steady_clock;

    void set(std::uint64_t token, Clock::time_point when) {
        auto& pending = pending_[token];
        if (pending && *pending <= when) return;
        pending = when;
        queue_.emplace(when, token);
    }

    // The tokens whose time has come, each at most once.
    [[nodiscard]] std::vector<std::uint64_t> due(Clock::time_point now) {
        std::vector<std::uint64_t> tokens;
        while (!queue_.empty() && queue_.top().first <= now) {
            const auto [when, token] = queue_.top();
            queue_.pop();
            const auto found = pending_.find(token);
            if (found == pending_.end() || found->second != when) continue;
            pending_.erase(found);
            tokens.push_back(token);
        }
        return tokens;
    }

    // How long until the next; rounded up, so that it is due afterwards.
    [[nodiscard]] std::optional<std::chrono::milliseconds> until_next(Clock::time_point now) const {
        if (queue_.empty()) return std::nullopt;
        const auto rest = queue_.top().first - now;
        return std::max(std::chrono::ceil<std::chrono::milliseconds>(rest),
                        std::chrono::milliseconds{0});
    }

private:
    using Entry = std::pair<Clock::time_point, std::uint64_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
    std::unordered_map<std::uint64_t, std::optional<Clock::time_point>> pending_;
};

}  // namespace zc
