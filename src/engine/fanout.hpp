// Moves bytes from one source to many sinks; each sink gets every byte.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/fanout_sink.hpp"

namespace zc {

struct FanoutOptions {
    FanoutOptions(TransferOptions of_the_transfer = {}) : transfer(std::move(of_the_transfer)) {}
    TransferOptions transfer;
    bool watch_readers = false;  // a reader that leaves is lost even while the source is silent
    bool may_join = false;       // join() may be called: goes on without any sink
    unsigned threads = 1;        // that write at once at most, the caller's among them
};

// What happened. Counts hold at any time, and when something failed.
struct FanoutReport {
    std::uint64_t bytes = 0;          // taken from the source
    BytesBy bytes_by{};               // the same by Method; `carrier` with one sink left
    std::vector<Demotion> demotions;  // of the source's side, so of all sinks
    std::uint64_t calls = 0;          // system calls that move or wait
    std::uint64_t try_laters = 0;     // how often it waited
    std::chrono::nanoseconds elapsed{0};
    std::optional<Error> error;     // the source's; a sink's is in its own report
    std::vector<SinkReport> sinks;  // in the order they were given
};

// What happened between the source and one sink, as a transfer's report.
[[nodiscard]] TransferReport report_of(const FanoutReport& all, const SinkReport& sink);

// A source and its sinks, step by step; for an event loop of the caller's.
//
// Owns     two pipes, and for each sink a pipe, what is held for it, and a non-blocking
//          description of a sink that blocks.
// Order    every sink gets the source's bytes in their order, each exactly once
//          (Slow::drop: or not at all). No byte is taken before every sink has
//          those before it, but for what its buffer_bytes allow: the slowest
//          sink sets the pace, and nothing waits for a full buffer.
// Errors   a sink that fails is left out from then on and the others go on, as
//          its SinkLoss says; what was meant for it reaches nobody else.
class Fanout {
public:
    Fanout(Endpoint source, std::vector<FanoutSink> sinks, FanoutOptions options = {});
    // In flight is kept in `space`, which must outlive it and be used by nothing else
    // meanwhile.
    Fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
           FanoutOptions options = {});
    Fanout(Fanout&& other) noexcept;
    Fanout& operator=(Fanout&& other) noexcept;
    ~Fanout();

    // Returns  `finished` at the source's end, at the limit, on its failure, or
    //          when no sink is left; the report tells which. `waiting` is for
    //          any of interests(); `wants` is the first of them.
    // Blocks   never on a sink; on a source as its Waiting says, but not while
    //          something is held for a sink.
    Progress advance();
    [[nodiscard]] std::span<const Interest> interests() const;

    // Runs it to its end, within the bounds of its options' supervision.
    //
    // Blocks   until the source's end, the limit, its failure, or that of all sinks.
    FanoutReport run();

    // Ends it here: what the error's side is called has failed.
    void cut_short(const Error& error);

    // One more sink: it gets what is taken from now on. When it is lost it goes
    // without a trace.
    void join(FanoutSink sink);

    [[nodiscard]] FanoutReport report() const;

private:
    struct Own;
    std::unique_ptr<Own> own_;
};

// Those who may join while it runs.
struct Door {
    FdView socket;  // readable when somebody has come
    // Lets in who has come, with join(); false: nobody else will be.
    std::function<bool(Fanout&)> open;
};

// One that is run to its end, with a workspace that is kept, and with doors.
FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        FanoutOptions options = {}, std::vector<Door> doors = {});

}  // namespace zc
