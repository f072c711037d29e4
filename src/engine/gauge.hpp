// What movers say of themselves while they run, for threads that watch.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "kernel/result.hpp"

namespace zc {

// Written by the thread that moves; for any number of threads to read.
class Gauge {
public:
    using Clock = std::chrono::steady_clock;

    void moved(std::uint64_t bytes) {
        if (bytes == 0) return;
        bytes_.fetch_add(bytes, std::memory_order_relaxed);
        moved_at_.store(Clock::now(), std::memory_order_relaxed);
        waits_for_.store(Side::unknown, std::memory_order_relaxed);
    }
    void waits(Side side) { waits_for_.store(side, std::memory_order_relaxed); }

    // Delivered by all transfers of this run; of a fan-out, taken from the source.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    // The last time that something moved; when it was made, before anything has.
    [[nodiscard]] Clock::time_point moved_at() const {
        return moved_at_.load(std::memory_order_relaxed);
    }
    // Side::unknown while it moves.
    [[nodiscard]] Side waits_for() const { return waits_for_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<Clock::time_point> moved_at_ = Clock::now();
    std::atomic<Side> waits_for_ = Side::unknown;
};

}  // namespace zc
