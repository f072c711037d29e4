// What a fan-out is told about one sink, and what it says of it in the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/transfer.hpp"

namespace zc {

// What becomes of the others when a sink fails.
enum class SinkLoss : std::uint8_t {
    others_go_on,
    ends_all,
    ends_all_unless_left,  // a reader that left (EPIPE) is no failure of ours
    ends_all_if_left       // as SIGPIPE does
};

// What becomes of a sink that does not keep up.
enum class Slow : std::uint8_t {
    block,   // the others wait for it
    detach,  // after `slow_after` without a byte it fails, and the others go on
    drop     // it misses whole chunks while it is full
};

// One sink of a fan-out, and how it is treated.
struct FanoutSink {
    Endpoint end;
    SinkLoss on_loss = SinkLoss::others_go_on;
    Slow slow = Slow::block;
    std::chrono::milliseconds slow_after{5000};  // detach; drop: how long the end waits for it
    std::size_t buffer_bytes = 0;   // that it may be behind the others, in memory of ours
    std::shared_ptr<void> owner{};  // of its descriptor, where that is to go with the sink
};

// Whether giving it bytes means copying them: a file, a socket.
[[nodiscard]] bool is_work(const FanoutSink& sink);

// What happened to one sink.
struct SinkReport {
    std::string label;
    std::uint64_t bytes = 0;          // accepted by it, in the source's order
    std::uint64_t calls = 0;          // system calls that moved them
    std::uint64_t shorts = 0;         // of them, those that took less than they were given
    std::uint64_t missed = 0;         // skipped between them (Slow::drop)
    BytesBy bytes_by{};               // the first by Method; `carrier` as the last one
    std::vector<Demotion> demotions;  // of this sink alone
    std::optional<Error> error;       // set: it failed, and got no more than `bytes`
};

}  // namespace zc
