// How many bytes a second may be taken from a source.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace zc {

// A token bucket: what was not taken may be made up for, but for no more than a burst.
//
// Shared  by any number of transfers and threads: all of them together keep the rate.
class RateLimit {
public:
    using Clock = std::chrono::steady_clock;
    // The most that may come at once, in time at the full rate; and the least that is
    // worth a call. In between a sleeper may be late without losing anything.
    static constexpr std::chrono::milliseconds burst{50};
    static constexpr std::chrono::milliseconds piece{10};

    // Takes    bytes a second, at least 1.
    explicit RateLimit(std::uint64_t rate, Clock::time_point now = Clock::now());
    // For any thread; what was saved up is kept, as far as the new burst allows.
    void set(std::uint64_t rate);
    [[nodiscard]] std::uint64_t rate() const;

    struct Leave {
        std::uint64_t bytes = 0;            // that may be taken now
        std::chrono::milliseconds wait{0};  // without any: when to ask again
    };
    [[nodiscard]] Leave ask(Clock::time_point now);
    // Order    by the one who asked; no more than the leave.
    void took(std::uint64_t bytes);

private:
    void save_up(Clock::time_point now);

    mutable std::mutex mutex_;
    double rate_;
    double saved_ = 0;  // bytes
    Clock::time_point at_;
};

}  // namespace zc
