// How many bytes a second may be taken from a source.
#pragma once

#include <atomic>
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

    // Takes    bytes a second; may be changed at any time by any thread, and must outlive
    //          it. 0 is no limit. Another limit that is kept, too, or none.
    explicit RateLimit(const std::atomic<std::uint64_t>& rate, RateLimit* with = nullptr,
                       Clock::time_point now = Clock::now());

    struct Leave {
        std::uint64_t bytes = 0;            // that may be taken now
        std::chrono::milliseconds wait{0};  // without any: when to ask again
    };
    [[nodiscard]] Leave ask(Clock::time_point now);
    // Order    by the one who asked; no more than the leave.
    void took(std::uint64_t bytes);

private:
    std::mutex mutex_;
    const std::atomic<std::uint64_t>& rate_;
    RateLimit* with_;
    double saved_ = 0;  // bytes
    Clock::time_point at_;
};

}  // namespace zc
