// One step of one method: the contract every path keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/drop_behind.hpp"
#include "engine/endpoint.hpp"
#include "engine/plan.hpp"
#include "engine/workspace.hpp"

namespace zc {

// What a path works on. Paths keep no state of their own, so that any of them
// can take over from any other between two steps.
struct Route {
    Endpoint source;
    Endpoint sink;
    Workspace& space;
    Waiting waiting = Waiting::in_kernel;
    std::uint64_t taken = 0;      // bytes taken from the source so far
    std::uint64_t delivered = 0;  // bytes the sink has accepted so far
    std::uint64_t calls = 0;      // system calls made for it
    std::uint64_t shorts = 0;     // of them, writes that took less than they were given
    // What the source has failed with, while bytes from before are still held.
    std::optional<Error> source_error{};
    // Of ends that are to stay out of the page cache, and have to be kept out of it.
    std::unique_ptr<DropBehind> source_trail{};
    std::unique_ptr<DropBehind> sink_trail{};
};

// From now on what goes through files is dropped from the page cache.
//
// Order    drop_rest() at the end; it waits for the disk.
void drop_behind(Route& route);
void drop_rest(Route& route);

// What one step did, and so who acts next.
struct Step {
    enum class Kind : std::uint8_t {
        moved,        // something was taken or delivered: step again
        wait_source,  // nothing to read now
        wait_sink,    // no room now
        ended,        // the source is at its end and nothing is held
        unsupported   // this method does not fit; `reason` says why
    };
    Kind kind = Kind::moved;
    Error reason{};
};

// Moves some bytes, or says why not.
//
// Takes    limit: the most bytes to take from the source; 0 only delivers
//          what is held.
// Order    held bytes reach the sink before new ones are taken (Workspace).
// Returns  `unsupported` at any call, and without loss: what this path took
//          from the source and has not delivered is in the workspace.
// Errors   operation, errno and Side; Side::unknown never. Never EINTR, never
//          EAGAIN, never an errno that only means "not this way".
// Blocks   as the descriptors do with Waiting::in_kernel; never with by_poll,
//          regular files and block devices excepted.
[[nodiscard]] Result<Step> step_reflink(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> step_splice(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> step_carrier(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> step_copy(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> step_uncached(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> step_sparse(Route& route, std::size_t limit);

// The halves of carrier, copy and uncached, for a mover that has more than one sink.
//
// Order    load_carrier only while nothing is held: then a source that answers
//          EAGAIN is one that has nothing. load_buffer only while the buffer is
//          empty; it takes from the carrier first, whatever `limit` says.
[[nodiscard]] Result<Step> load_carrier(Route& route, std::size_t limit);
[[nodiscard]] Result<Step> load_buffer(Route& route, std::size_t limit, Cache cache);

// Deliver some of what is held; drain_carrier by splice where it can.
//
// Order    only while something is held; the buffer goes first.
[[nodiscard]] Result<Step> drain_carrier(Route& route);
[[nodiscard]] Result<Step> deliver_held(Route& route, Cache cache = Cache::normal);

// Deliver bytes that are somebody else's; how many, route.delivered says.
[[nodiscard]] Result<Step> splice_out(Route& route, Carrier& carrier, std::size_t most);
[[nodiscard]] Result<Step> write_some(Route& route, std::span<const std::byte> from, Cache cache);

}  // namespace zc
