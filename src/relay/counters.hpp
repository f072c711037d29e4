// What a relay has done so far, for threads that watch it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/policy.hpp"
#include "kernel/result.hpp"
#include "relay/direction.hpp"

namespace zc {

// How long things took: each counts in the first bucket that is as long.
class Histogram {
public:
    static constexpr std::array bounds{0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0};

    void add(std::chrono::nanoseconds time) {
        const double seconds = std::chrono::duration<double>(time).count();
        std::size_t bucket = 0;
        while (bucket < bounds.size() && seconds > bounds[bucket]) ++bucket;
        ++counts_[bucket];
        nanoseconds_ += static_cast<std::uint64_t>(time.count());
    }
    // With bounds.size() those that were longer than all.
    [[nodiscard]] std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
    [[nodiscard]] double sum_seconds() const { return static_cast<double>(nanoseconds_) * 1e-9; }

private:
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> nanoseconds_ = 0;
};

// All of it only grows, but for what runs and is held now.
struct RelayCounters {
    struct Way {
        std::atomic<std::uint64_t> bytes = 0;
        std::atomic<std::uint64_t> blocks = 0;
        void add(const Traffic& before, const Traffic& now) {
            bytes.fetch_add(now.bytes - before.bytes, std::memory_order_relaxed);
            blocks.fetch_add(now.blocks - before.blocks, std::memory_order_relaxed);
        }
        [[nodiscard]] Traffic value() const { return {bytes, blocks}; }
    };
    Way to_right;
    Way to_left;
    std::atomic<std::uint64_t> accepted = 0;                       // clients that were let in
    std::atomic<std::uint64_t> refused = 0;                        // and those that were not
    std::atomic<std::uint64_t> begun = 0;                          // sessions
    std::atomic<std::uint64_t> running = 0;                        // sessions now
    std::atomic<std::uint64_t> pipe_bytes = 0;                     // capacity of all carriers now
    std::array<std::atomic<std::uint64_t>, error_kinds> errors{};  // by Errc
    // Of sessions that have ended.
    std::array<std::atomic<std::uint64_t>, method_count> bytes_by{};
    Histogram connect;  // from a client's arrival to its server's
    Histogram session;
};

}  // namespace zc
