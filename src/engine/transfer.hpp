// Moves bytes from one source to one sink, by the best method that fits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/endpoint.hpp"
#include "engine/gauge.hpp"
#include "engine/patience.hpp"
#include "engine/policy.hpp"
#include "engine/rate_limit.hpp"
#include "kernel/stop.hpp"

namespace zc {

struct Workspace;

// Who looks on, and may hold a transfer up or end it. All may be shared by several
// transfers, and must outlive them.
struct Supervision {
    Gauge* gauge = nullptr;
    RateLimit* rate = nullptr;
    Patience* patience = nullptr;  // asked by transfer(), run_transfer() and run_fanout()
    StopToken stop = {};           // the same
    StopToken other_stop = {};     // of a second one who may ask

    // Whoever sleeps in the kernel hears of none of them.
    [[nodiscard]] bool may_end() const {
        return patience != nullptr || stop.possible() || other_stop.possible();
    }
    [[nodiscard]] bool is_to_stop() const { return stop.requested() || other_stop.requested(); }
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
// Owns     what is in flight. The descriptors are the caller's and outlive it.
// Order    bytes reach the sink in the source's order, each exactly once,
//          whatever methods are used on the way.
// Source   `Transfer(dst, src)` of acln.ro/zerocopy.
class Transfer {
public:
    Transfer(Endpoint source, Endpoint sink, TransferOptions options = {});
    // In flight is kept in `space`, which must outlive it and be used by nothing else
    // meanwhile: many transfers one after the other make one pipe.
    Transfer(Endpoint source, Endpoint sink, Workspace& space, TransferOptions options);
    Transfer(Transfer&& other) noexcept;
    Transfer& operator=(Transfer&& other) noexcept;
    ~Transfer();

    // Returns  `finished` at the source's end, at the limit, or on failure;
    //          report().error tells which.
    // Blocks   as its Waiting says.
    Progress advance();
    // What the last advance() waits for; nothing while it does not.
    [[nodiscard]] std::optional<Interest> wants() const;

    // Ends it here, as failed on the error's side.
    void cut_short(const Error& error);

    // Complete when it has finished.
    [[nodiscard]] const TransferReport& report() const;
    // Bytes the sink has accepted so far.
    [[nodiscard]] std::uint64_t delivered() const;
    // What it would say if it ended here. Order: only while nothing is held.
    [[nodiscard]] TransferReport report_so_far();
    [[nodiscard]] const Endpoint& source() const;
    // Its descriptor may be one of our own until the transfer has finished.
    [[nodiscard]] const Endpoint& sink() const;

private:
    struct Own;
    std::unique_ptr<Own> own_;
};

// Moves bytes from `source` to `sink` until the source ends, or so many have been moved.
//
// Takes    any two descriptors, blocking or not; they stay the caller's.
// Returns  how many were delivered and how, and the error if there was one. With a limit
//          not a byte more is taken from the source, whatever method is used.
// Errors   of either side, see report.error->side; Errc::stopped and Errc::out_of_time
//          as options.supervision says.
// Blocks   until then; never on one of them while it keeps others from the other.
// Source   `Transfer(dst, src)` of acln.ro/zerocopy; the limit is its io.LimitedReader.
TransferReport transfer(FdView sink, FdView source,
                        std::optional<std::uint64_t> limit = std::nullopt,
                        TransferOptions options = {});

// The same for ends that have been looked at, with a workspace that is kept.
TransferReport run_transfer(Endpoint source, Endpoint sink, Workspace& space,
                            TransferOptions options = {});

// Waits as a Progress asks.
void wait_for(const Progress& progress);

// After a step: waits as the Progress asks, within the bounds and until it is to stop;
// for whoever runs a mover to its end.
//
// Errors   Errc::out_of_time, Errc::stopped: end it with that.
[[nodiscard]] Result<void> tend(const Supervision& supervision, const Progress& progress,
                                std::span<const Interest> wanted);
[[nodiscard]] std::span<const Interest> wanted_by(const Progress& progress);

}  // namespace zc
