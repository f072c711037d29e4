// Two splices through a private pipe.
//
// What it is. The source's bytes are spliced into a pipe that only we hold, and
// from there into the sink. It costs one call more than a direct splice and is
// worth it, for three reasons:
// - While a splice sleeps on a socket or a terminal the kernel holds the lock of
//   the pipe at its other end, and every process that touches that pipe hangs
//   with it, unkillably. Only a pipe that nobody else has may be held that way.
// - Each call touches one foreign end, so that its errno names the guilty side.
// - A direct splice into a full pipe sleeps even at the end of the file.
//
// The step:
// 1. Bytes in the buffer are older than the carrier's: deliver them first, by copy.
// 2. Bytes in the carrier: splice them to the sink. What the sink does not take
//    stays, and the next step, of whatever method, goes on with it.
// 3. Carrier empty: splice from the source, then do 2 at once.
// 4. A socket that cannot make us sleep is asked again until it has no more or the
//    carrier no room: 43 % of a relay's time goes into waking the two others up, and
//    it does so once a call. CPU s/GiB from TCP to TCP 0.165, with one splice 0.19.
//    A file, which has everything at once, is taken in pieces (file_piece_bytes).
//
// What must stay true. Only what the source answers while the carrier is empty says
// something of the source: EAGAIN that it has nothing, 0 that it is at its end. A
// carrier that holds bytes may be out of slots long before it is out of bytes
// (sixteen one-byte pieces fill 64 KiB), and errno does not say so: whatever comes
// then, what is held is delivered, and the source asked again. But a failure is told
// once only (the kernel clears SO_ERROR by telling): the route remembers it. The
// carrier's fill is never compared with its capacity: sockets hand over compound pages.
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {

namespace {

std::size_t most_at_once(const Route& route) {
    const bool file_to_pipe =
        has_page_cache(route.source.facts.kind) && route.sink.facts.kind == FdKind::pipe;
    return file_to_pipe ? limits::file_piece_bytes : limits::splice_bytes;
}

}  // namespace

Result<Step> load_carrier(Route& route, std::size_t limit) {
    if (route.source_error) return failure(*route.source_error);
    Carrier& carrier = route.space.carrier;
    auto pipe = carrier.pipe();
    if (!pipe) return unsupported(pipe.error());
    if (could_sleep(route, route.source) && route.source.facts.kind != FdKind::pipe &&
        !is_ready(route, route.source.fd, Readiness::readable))
        return Step{Step::Kind::wait_source};
    ++route.calls;
    const auto got = sys::splice(route.source.fd, (*pipe)->write_end(),
                                 std::min(limit, most_at_once(route)), sleep_of(route));
    if (!got) return waits_demotes_or_fails(got.error(), Side::source);
    if (*got == 0) return ended();
    carrier.filled(*got);
    route.taken += *got;
    return moved();
}

Result<Step> splice_out(Route& route, Carrier& carrier, std::size_t most) {
    if (could_sleep(route, route.sink) && route.sink.facts.kind != FdKind::pipe) {
        // Kernel: SPLICE_F_NONBLOCK speaks for the pipe alone; a blocking socket
        // or terminal sleeps. Only send(2) and small writes can be held back.
        return unsupported(Error::told(Errc::unavailable, "splice", "the sink could sleep"));
    }
    auto pipe = carrier.pipe();
    if (!pipe) return unsupported(pipe.error());
    ++route.calls;
    const std::size_t offered = std::min(most, carrier.size());
    const auto gone = sys::splice((*pipe)->read_end(), route.sink.fd, offered, sleep_of(route));
    if (gone && *gone < offered) ++route.shorts;
    if (!gone) return waits_demotes_or_fails(gone.error(), Side::sink);
    // Kernel: 0 from a pipe that holds bytes: a page of it lost its content.
    if (*gone == 0) return failure(Error::truncated().at(Side::source));
    carrier.consumed(*gone);
    route.delivered += *gone;
    return moved();
}

Result<Step> drain_carrier(Route& route) {
    if (route.space.buffer.size() != 0) return deliver_held(route);
    Carrier& carrier = route.space.carrier;
    return splice_out(route, carrier, carrier.size());
}

namespace {

// Rule 4.
Result<Step> fill_carrier(Route& route, std::size_t limit) {
    const std::uint64_t before = route.taken;
    auto first = load_carrier(route, limit);
    if (!first || first->kind != Step::Kind::moved) return first;
    const bool asks_again = is_socket(route.source.facts.kind) &&
                            route.waiting == Waiting::by_poll &&
                            route.source.facts.blocking == Blocking::no;
    while (asks_again && route.space.carrier.size() < limits::pipe_bytes) {
        const std::size_t left = limit - static_cast<std::size_t>(route.taken - before);
        if (left == 0) break;
        const auto more = load_carrier(route, left);
        if (!more) route.source_error = more.error();
        if (!more || more->kind != Step::Kind::moved) break;
    }
    return moved();
}

}  // namespace

Result<Step> step_carrier(Route& route, std::size_t limit) {
    if (route.space.held() == 0) {
        auto loaded = fill_carrier(route, limit);
        if (!loaded || loaded->kind != Step::Kind::moved) return loaded;
    }
    return drain_carrier(route);
}

}  // namespace zc
