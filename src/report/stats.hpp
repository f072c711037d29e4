// What a run has done: a paragraph for people, one JSON object for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/fanout.hpp"

namespace zc {

// One end of a transfer.
struct EndStats {
    std::string name;
    FdKind kind = FdKind::other;
};

// What one sink got.
struct SinkStats {
    EndStats end;
    std::uint64_t bytes = 0;
    std::uint64_t missed = 0;  // of Slow::drop
    Method method = Method::copy;
    std::optional<std::string> error;
};

// One source and its sinks.
struct TransferStats {
    EndStats source;
    std::vector<SinkStats> sinks;
    std::uint64_t bytes = 0;  // taken from the source
    std::chrono::nanoseconds elapsed{0};
    std::vector<Demotion> demotions;
    std::uint64_t calls = 0;
    std::uint64_t shorts = 0;
    std::uint64_t try_laters = 0;
    std::optional<std::string> error;  // of the source
};

[[nodiscard]] TransferStats stats_of(const Endpoint& source, const Endpoint& sink,
                                     const TransferReport& report);
[[nodiscard]] TransferStats stats_of(const Endpoint& source, const FanoutReport& report,
                                     const std::vector<FanoutSink>& sinks);

// A digest that was made on the way.
struct DigestStats {
    std::string algorithm;
    std::string hex;
};

struct RunStats {
    std::string program;
    bool running = false;  // asked for in the middle
    std::vector<TransferStats> transfers;
    std::uint64_t bytes = 0;  // delivered, of a fan-out taken from the source
    std::chrono::nanoseconds elapsed{0};
    double cpu_seconds = 0;  // of this process
    std::chrono::nanoseconds stalled{0};
    std::optional<DigestStats> digest;
    std::vector<std::string> errors;  // as they were told
    int exit_status = 0;
};

// Returns  lines, each with its newline; the first begins with the program's name.
[[nodiscard]] std::string stats_text(const RunStats& stats);

// Returns  one line with its newline: the object that zc-cat(1) describes. It is valid
//          JSON whatever the names are; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string stats_json(const RunStats& stats);

}  // namespace zc
