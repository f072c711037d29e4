// How a session treats what it moves.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "engine/endpoint.hpp"
#include "engine/policy.hpp"
#include "engine/rate_limit.hpp"

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

// How much has come through so far.
struct Traffic {
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;  // steps that moved some
};

}  // namespace zc
