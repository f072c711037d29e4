// Moves bytes from one source to many sinks; each sink gets every byte.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/crew.hpp"
#include "engine/lease.hpp"
#include "engine/outlet.hpp"

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
// Owns     a pipe beside the share of `space`, which must outlive it and be used
//          by nothing else meanwhile; for each sink what Outlet says.
// Order    every sink gets the source's bytes in their order, each exactly once
//          (Slow::drop: or not at all). No byte is taken before every sink has
//          those before it, but for what its buffer_bytes allow: the slowest
//          sink sets the pace, and nothing waits for a full buffer.
// Errors   a sink that fails is left out from then on and the others go on, as
//          its SinkLoss says; what was meant for it reaches nobody else.
class Fanout {
public:
    Fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
           FanoutOptions options = {});
    Fanout(const Fanout&) = delete;
    Fanout& operator=(const Fanout&) = delete;

    // Returns  `finished` at the source's end, at the limit, on its failure, or
    //          when no sink is left; the report tells which. `waiting` is for
    //          any of interests(); `wants` is the first of them.
    // Blocks   never on a sink; on a source as its Waiting says, but not while
    //          something is held for a sink.
    Progress advance();
    [[nodiscard]] std::span<const Interest> interests() const { return interests_; }

    // Ends it here: what the error's side is called has failed.
    void cut_short(const Error& error);

    // One more sink: it gets what is taken from now on. When it is lost it goes
    // without a trace.
    void join(FanoutSink sink);

    [[nodiscard]] FanoutReport report() const;

private:
    [[nodiscard]] std::size_t allowance() const;
    [[nodiscard]] Method choose_method();
    [[nodiscard]] std::size_t living() const;
    [[nodiscard]] bool others_at_head(const Outlet& but) const;
    [[nodiscard]] std::uint64_t least_lead(const Outlet* but) const;
    [[nodiscard]] bool may_take() const;
    [[nodiscard]] bool anything_held() const;
    void look_again();
    bool drain();
    bool drain_together();
    bool drained(Outlet& outlet, const Result<bool>& took);
    [[nodiscard]] bool works_aside(const Outlet& outlet) const;
    bool spread();
    bool serve(Outlet& outlet);
    [[nodiscard]] Result<std::size_t> read_head(std::uint64_t most);
    void share(const Piece& piece);
    void head_moved(std::uint64_t bytes, const Outlet* but);
    void take();
    Result<Step> take_to_memory(std::size_t limit, Method method);
    void after_take(const Step& step, Method method);
    [[nodiscard]] Method taking() const { return taking_.methods[at_]; }
    [[nodiscard]] std::optional<Error> guard_pages();
    [[nodiscard]] bool lease_is_worth_it() const;
    [[nodiscard]] bool any(bool (Outlet::*is)() const) const;
    std::size_t reflink(Outlet& outlet, std::size_t bytes);
    void look_at_lease();
    [[nodiscard]] Result<void> unshare();
    [[nodiscard]] bool waits_for_rate(std::size_t& limit);
    Progress wait();
    void lose(Outlet& outlet, const Error& error);
    void source_failed(const Error& error);
    void demote(const Error& reason);
    void prepare_pipes();
    Progress finish();

    Route head_;  // source to the caller's workspace: what some sink has not been given
    FanoutOptions options_;
    FanoutReport report_;
    std::list<Outlet> outlets_;
    std::size_t given_ = 0;  // outlets of the constructor; the rest has joined
    std::vector<Interest> interests_;
    Plan taking_;  // how bytes are taken, once there are enough
    std::size_t at_ = 0;
    AliasGuard guard_;
    Crew crew_;
    BlockSource blocks_;
    bool bulk_ = false;  // foreign pipes have been grown
    bool confirming_end_ = false;
    bool source_waits_ = false;
    bool waited_ = false;
    std::optional<std::chrono::milliseconds> rate_wait_;  // the rate limit says so
    bool ended_ = false;  // the source; what is held is still delivered
    bool finished_ = false;
    std::chrono::steady_clock::time_point began_;
};

// Those who may join while it runs.
struct Door {
    FdView socket;  // readable when somebody has come
    // Lets in who has come, with join(); false: nobody else will be.
    std::function<bool(Fanout&)> open;
};

// The same until it ends.
//
// Blocks   until the source's end, the limit, its failure, or that of all sinks.
FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        FanoutOptions options = {}, std::vector<Door> doors = {});

}  // namespace zc
