// What movers say of themselves while they run, for threads that watch.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace zc {

// Written by the thread that moves; for any number of threads to read.
class Gauge {
public:
    using Clock = std::chrono::steady_clock;

    explicit Gauge(Clock::time_point now = Clock::now()) : moved_at_(now) {}

    void moved(std::uint64_t bytes, Clock::time_point now = Clock::now()) {
        if (bytes == 0) return;
        bytes_.fetch_add(bytes, std::memory_order_relaxed);
        rests(now);
    }
    // Nothing moves because it may not: the rate is reached. That is no stall.
    void rests(Clock::time_point now = Clock::now()) {
        stalled_.store(stalled(now), std::memory_order_relaxed);
        moved_at_.store(now, std::memory_order_relaxed);
    }

    // Delivered by all transfers of this run; of a fan-out, taken from the source.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    // The last time that something moved; when it was made, before anything has.
    [[nodiscard]] Clock::time_point moved_at() const {
        return moved_at_.load(std::memory_order_relaxed);
    }
    // How long nothing moved, in pauses of a second and more; a shorter one is the
    // ordinary unevenness of a stream.
    [[nodiscard]] std::chrono::nanoseconds stalled(Clock::time_point now = Clock::now()) const {
        const auto pause = now - moved_at();
        const auto before = stalled_.load(std::memory_order_relaxed);
        return pause >= std::chrono::seconds{1} ? before + pause : before;
    }

private:
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<Clock::time_point> moved_at_;
    std::atomic<std::chrono::nanoseconds> stalled_ = std::chrono::nanoseconds{0};
};

}  // namespace zc
