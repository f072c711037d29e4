// Moves bytes from one source to one sink, by the best method that fits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/endpoint.hpp"
#include "engine/gauge.hpp"
#include "engine/lease.hpp"
#include "engine/path.hpp"
#include "engine/patience.hpp"
#include "engine/plan.hpp"
#include "engine/rate_limit.hpp"

namespace zc {

// Who looks on, and may hold a transfer up or end it. All may be shared by several
// transfers, and must outlive them.
struct Supervision {
    Gauge* gauge = nullptr;
    RateLimit* rate = nullptr;
    Patience* patience = nullptr;  // asked by run_transfer() and run_fanout()
};

// Is shown bytes on their way.
using Tap = std::function<void(std::span<const std::byte>)>;

struct TransferOptions {
    Policy policy;
    std::optional<std::uint64_t> limit;  // bytes to take from the source at most
    Waiting waiting = Waiting::in_kernel;
    // Shown every byte that is taken; then nothing is spliced.
    Tap tap = {};
    Supervision supervision = {};

    // The policy that is kept: what is spliced is seen by nobody.
    [[nodiscard]] Policy moved_by() const {
        Policy kept = policy;
        if (tap) kept.zero_copy = ZeroCopy::never;
        return kept;
    }
};

// One change of method, and why.
struct Demotion {
    Method from;
    Method to;
    Error reason;
};

// What happened. Counts hold even when the transfer failed.
struct TransferReport {
    std::uint64_t bytes = 0;       // delivered to the sink
    std::uint64_t taken = 0;       // from the source; more only after a failure or a filter
    BytesBy bytes_by{};            // the same by Method
    Method method = Method::copy;  // moved most of them
    std::vector<Demotion> demotions;
    std::uint64_t calls = 0;       // system calls that move or wait
    std::uint64_t shorts = 0;      // of them, writes that took less than they were given
    std::uint64_t try_laters = 0;  // how often a side was not ready (EAGAIN)
    std::chrono::nanoseconds elapsed{0};
    std::optional<Error> error;  // with its side, and that side's label as subject
};

// Makes one report of two transfers, the later one's error and method included.
void add(TransferReport& into, const TransferReport& part);

// What a mover says between two steps, and so when to call it again.
struct Progress {
    enum class State : std::uint8_t { moving, waiting, finished };
    State state = State::moving;
    std::optional<Interest> wants;  // waiting: for this
    // waiting: and look again after this time even if nothing happened.
    std::optional<std::chrono::milliseconds> look_after;
};

// A source and a sink, step by step; for an event loop of the caller's.
//
// Owns     nothing but a share of `space`, which must outlive it and be used
//          by nothing else meanwhile.
// Order    bytes reach the sink in the source's order, each exactly once,
//          whatever methods are used on the way.
// Source   `Transfer(dst, src)` of acln.ro/zerocopy.
class Transfer {
public:
    Transfer(Endpoint source, Endpoint sink, Workspace& space, TransferOptions options);

    // Returns  `finished` at the source's end, at the limit, or on failure;
    //          report().error tells which.
    // Blocks   as its Waiting says.
    Progress advance();

    // Ends it here, as failed on the error's side.
    void cut_short(const Error& error) { (void)finish(error); }

    // Complete when it has finished.
    [[nodiscard]] const TransferReport& report() const { return report_; }
    // Bytes the sink has accepted so far.
    [[nodiscard]] std::uint64_t delivered() const { return route_.delivered; }
    // What it would say if it ended here. Order: only while nothing is held.
    [[nodiscard]] TransferReport report_so_far();
    [[nodiscard]] const Endpoint& source() const { return route_.source; }
    // Its descriptor may be one of our own until the transfer has finished.
    [[nodiscard]] const Endpoint& sink() const { return route_.sink; }

private:
    [[nodiscard]] bool worth_a_pipe() const;
    [[nodiscard]] std::size_t allowance() const;
    [[nodiscard]] Method choose_method();
    void start_bulk();
    void guard_pages();
    [[nodiscard]] Result<void> look_at_lease();
    void demote(const Error& reason);
    void account(Method method, std::uint64_t taken_before, std::uint64_t delivered_before);
    Progress after(const Step& step, Method method);
    Progress wait_for(Side side);
    Result<void> take_own_sink();
    Progress finish(std::optional<Error> error);
    void sum_up();
    Progress end_of_source(Method method);

    Route route_;
    TransferOptions options_;
    Plan plan_;
    std::size_t at_ = 0;  // the plan's method in use
    bool bulk_ = false;   // a method other than copy has been prepared
    bool confirming_end_ = false;
    bool finished_ = false;
    AliasGuard guard_;
    PageTrail* trail_ = nullptr;  // of the sink, while the guard holds
    Fd own_sink_;                 // a non-blocking description of the sink, once a lease was held
    FdView given_sink_;
    TransferReport report_;
    std::chrono::steady_clock::time_point began_;
};

// The same until it ends.
//
// Blocks   until the source's end, the limit, or a failure.
TransferReport run_transfer(Endpoint source, Endpoint sink, Workspace& space,
                            TransferOptions options = {});

// Waits as a Progress asks.
void wait_for(const Progress& progress);

// After a step: waits as the Progress asks, within the bounds; for whoever runs a mover
// to its end.
//
// Errors   Errc::out_of_time: end it with that.
[[nodiscard]] Result<void> tend(Patience* patience, const Progress& progress,
                                std::span<const Interest> wanted);
[[nodiscard]] std::span<const Interest> wanted_by(const Progress& progress);

}  // namespace zc
