// What the sessions of one event loop have in common.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/endpoint.hpp"
#include "engine/policy.hpp"
#include "engine/rate_limit.hpp"
#include "relay/carriers.hpp"

namespace zc {

// Which way bytes go: -u is to_right, -U is to_left.
enum class Ways : std::uint8_t { both, to_right, to_left };

struct SessionOptions {
    Ways ways = Ways::both;
    Policy policy;
    // -t: the longest time without movement once one direction has ended.
    std::optional<std::chrono::milliseconds> half_closed_limit;
    // -T: the longest time without movement.
    std::optional<std::chrono::milliseconds> idle_limit;
    // As -T, but it is an error then (Errc::out_of_time); and the longest time in all.
    std::optional<std::chrono::milliseconds> stall_limit;
    std::optional<std::chrono::milliseconds> total_limit;
    // Bytes a second each way; a limit of all ways together. Both outlive the sessions.
    const std::atomic<std::uint64_t>* rate = nullptr;
    RateLimit* total_rate = nullptr;
    std::optional<Endpoint> record_to_right;  // -r: every byte that goes right, too
    std::optional<Endpoint> record_to_left;   // -R
    // -v, -x: shown every byte, with how many of its direction came before it.
    std::function<void(Ways way, std::uint64_t offset, std::span<const std::byte>)> tap;
};

struct Resources {
    Resources(SessionOptions of_sessions, PipeBudget& budget, std::size_t buffer_bytes)
        : options(std::move(of_sessions)), buffer(buffer_bytes), carriers(budget) {}

    SessionOptions options;
    std::vector<std::byte> buffer;  // holds bytes only within one turn
    CarrierPool carriers;
};

}  // namespace zc
