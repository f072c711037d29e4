// Moves bytes from one source to many sinks; each sink gets every byte.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/transfer.hpp"

namespace zc {

// What becomes of the others when a sink fails.
enum class SinkLoss : std::uint8_t {
    others_go_on,
    ends_all,
    ends_all_unless_left  // a reader that left (EPIPE) is no failure of ours
};

// One sink of a fan-out, and how it is treated.
struct FanoutSink {
    Endpoint end;
    SinkLoss on_loss = SinkLoss::others_go_on;
};

// What happened to one sink.
struct SinkReport {
    std::string label;
    std::uint64_t bytes = 0;          // accepted by it: always the first ones of the source
    BytesBy bytes_by{};               // the same by Method; `carrier` as the last one
    std::vector<Demotion> demotions;  // of this sink alone
    std::optional<Error> error;       // set: it failed, and got no more than `bytes`
};

// What happened. Counts hold at any time, and when something failed.
struct FanoutReport {
    std::uint64_t bytes = 0;          // taken from the source
    BytesBy bytes_by{};               // the same by Method; `carrier` with one sink left
    std::vector<Demotion> demotions;  // of the source's side, so of all sinks
    std::uint64_t calls = 0;          // system calls that move or wait
    std::chrono::nanoseconds elapsed{0};
    std::optional<Error> error;     // the source's; a sink's is in its own report
    std::vector<SinkReport> sinks;  // in the order they were given
};

// What happened between the source and one sink, as a transfer's report.
[[nodiscard]] TransferReport report_of(const FanoutReport& all, const SinkReport& sink);

// A source and its sinks, step by step; for an event loop of the caller's.
//
// Owns     one pipe beside the share of `space`, which must outlive it and be
//          used by nothing else meanwhile.
// Order    every sink gets the source's bytes in their order, each exactly once.
//          No byte is taken before every sink has those before it, so the
//          slowest sink sets the pace, and nothing waits for a full buffer.
// Errors   a sink that fails is left out from then on and the others go on, as
//          its SinkLoss says; what was meant for it reaches nobody else.
class Fanout {
public:
    Fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
           TransferOptions options);
    Fanout(const Fanout&) = delete;
    Fanout& operator=(const Fanout&) = delete;

    // Returns  `finished` at the source's end, at the limit, on its failure, or
    //          when no sink is left; the report tells which. `waiting` is for
    //          the source, or for the one sink whose turn it is.
    // Blocks   as its Waiting says.
    Progress advance();

    [[nodiscard]] const FanoutReport& report() const { return report_; }

private:
    // One sink: how it takes what is in `side_`, and how far ahead it is.
    struct Sink {
        Route route;
        Method method = Method::copy;
        SinkLoss on_loss = SinkLoss::others_go_on;
        std::uint64_t ahead = 0;  // bytes it has beyond the oldest that is held
        SinkReport* report = nullptr;
    };

    [[nodiscard]] std::size_t allowance() const;
    [[nodiscard]] Method choose_method() const;
    [[nodiscard]] bool lacks_chunk(const Sink& sink) const;
    [[nodiscard]] std::optional<Error> prepare_pipes();
    [[nodiscard]] bool give(const Sink& sink);
    [[nodiscard]] bool tee_share();
    Progress take();
    Progress after_take(const Step& step, Method method);
    Progress serve();
    Progress deliver(Sink& sink);
    Progress lose(Sink& sink, const Error& error);
    Progress page_lost(const Error& error);
    Progress finish(std::optional<Error> error);
    void demote(const Error& reason);
    void drop_share();
    void end_chunk();

    Workspace side_;  // what the sink whose turn it is has still to get
    Route head_;      // source to the caller's workspace: what some sink lacks
    TransferOptions options_;
    FanoutReport report_;
    std::vector<Sink> sinks_;
    Method method_;            // how bytes are taken, once there are enough
    std::size_t living_ = 0;   // sinks that have not failed
    std::size_t turn_ = 0;     // the sink being served
    std::uint64_t chunk_ = 0;  // bytes every sink is being given; 0 between chunks
    Method chunk_method_ = Method::copy;
    bool is_share_ = false;  // `side_` was filled by tee(2)
    bool bulk_ = false;      // foreign pipes have been grown
    bool confirming_end_ = false;
    bool finished_ = false;
    std::chrono::steady_clock::time_point began_;
};

// The same until it ends.
//
// Blocks   until the source's end, the limit, its failure, or that of all sinks.
FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        TransferOptions options = {});

}  // namespace zc
