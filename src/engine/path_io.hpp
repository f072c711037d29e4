// Shared by the paths: reading a source and writing a sink once, without sleeping
// where the route forbids it, and reading what a failure means.
#pragma once

#include <algorithm>
#include <span>

#include "engine/path.hpp"
#include "kernel/sys.hpp"

namespace zc {

// One read(2) from the source, or one write(2) to the sink.
//
// Errors  EAGAIN, with its side, when the call would sleep and may not.
[[nodiscard]] Result<std::size_t> read_source(Route& route, std::span<std::byte> into, Cache cache);
[[nodiscard]] Result<std::size_t> write_sink(Route& route, std::span<const std::byte> from,
                                             Cache cache);

// Whether a plain call on this end could sleep although the route forbids it.
[[nodiscard]] bool could_sleep(const Route& route, const Endpoint& end);

// Whether poll(2) says the descriptor can be acted on now.
[[nodiscard]] bool is_ready(Route& route, FdView fd, Readiness event);

// Whether a source may have more although a zero-copy call has answered 0; if
// so, only read(2) is believed.
[[nodiscard]] bool may_hold_more(const Endpoint& source);

// Reads the oldest bytes of a carrier that holds some.
//
// Returns at least 1.
// Errors  Side::source when a page in the carrier has lost its content.
[[nodiscard]] Result<std::size_t> read_carrier(Route& route, Carrier& carrier,
                                               std::span<std::byte> into);

// The same into the empty buffer, at most its room.
[[nodiscard]] Result<void> unload_carrier(Route& route);

// The flag for a splice on this route.
[[nodiscard]] inline sys::Sleep sleep_of(const Route& route) {
    return route.waiting == Waiting::by_poll ? sys::Sleep::never : sys::Sleep::allowed;
}

[[nodiscard]] inline Step moved() { return Step{Step::Kind::moved}; }
[[nodiscard]] inline Step ended() { return Step{Step::Kind::ended}; }
[[nodiscard]] inline Step unsupported(const Error& reason) {
    return Step{Step::Kind::unsupported, reason};
}

// A call that touched one side only: EAGAIN waits for it, the rest fails for it.
[[nodiscard]] inline Result<Step> waits_or_fails(const Error& error, Side side) {
    if (means_try_later(error))
        return Step{side == Side::source ? Step::Kind::wait_source : Step::Kind::wait_sink};
    return failure(error.at(side));
}

// The same for a zero-copy call: where it only means "not this way", say so.
[[nodiscard]] inline Result<Step> waits_demotes_or_fails(const Error& error, Side side) {
    if (means_another_way(error)) return unsupported(error.at(side));
    return waits_or_fails(error, side);
}

}  // namespace zc
