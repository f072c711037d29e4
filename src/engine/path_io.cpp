#include "engine/path_io.hpp"

#include <array>

#include "kernel/limits.hpp"

namespace zc {
namespace {

Failure would_sleep(const char* operation, Side side) {
    return failure(Error::try_later(operation).at(side));
}

}  // namespace

bool could_sleep(const Route& route, const Endpoint& end) {
    if (route.waiting == Waiting::in_kernel || end.facts.blocking == Blocking::no) return false;
    switch (end.facts.kind) {
        case FdKind::regular:
        case FdKind::block_device:
        case FdKind::memory_device:
        case FdKind::directory: return false;
        default: return true;
    }
}

bool is_ready(Route& route, FdView fd, Readiness event) {
    const std::array<Interest, 1> interest{Interest{fd, event}};
    ++route.calls;
    const auto ready = sys::wait(interest, {}, std::chrono::milliseconds{0});
    return ready && *ready != 0;
}

namespace {

Result<std::size_t> passed(Result<std::size_t> bytes, DropBehind* trail) {
    if (bytes && trail != nullptr) trail->passed(*bytes);
    return bytes;
}

}  // namespace

void drop_behind(Route& route) {
    if (has_page_cache(route.source.facts.kind) && !route.source_trail)
        route.source_trail = std::make_unique<DropBehind>(route.source, Side::source);
    if (has_page_cache(route.sink.facts.kind) && !route.sink_trail)
        route.sink_trail = std::make_unique<DropBehind>(route.sink, Side::sink);
}

void drop_rest(Route& route) {
    if (route.source_trail) route.source_trail->end();
    if (route.sink_trail) route.sink_trail->end();
}

Result<std::size_t> read_source(Route& route, std::span<std::byte> into, Cache cache) {
    const Endpoint& source = route.source;
    if (could_sleep(route, source)) {
        if (is_socket(source.facts.kind)) {
            ++route.calls;
            return sys::receive_now(source.fd, into);
        }
        if (!is_ready(route, source.fd, Readiness::readable))
            return would_sleep("read", Side::source);
    }
    ++route.calls;
    return passed(sys::read(source.fd, into, cache), route.source_trail.get());
}

Result<std::size_t> write_sink(Route& route, std::span<const std::byte> from, Cache cache) {
    const Endpoint& sink = route.sink;
    if (could_sleep(route, sink)) {
        if (is_socket(sink.facts.kind)) {
            ++route.calls;
            return sys::send_now(sink.fd, from);
        }
        if (!is_ready(route, sink.fd, Readiness::writable)) return would_sleep("write", Side::sink);
        // Kernel: POLLOUT promises a pipe's slot or a terminal's byte; a longer
        // write(2) sleeps until all of it is taken.
        // Test: "a full terminal never makes an event loop sleep".
        const std::size_t sure = sink.facts.kind == FdKind::terminal ? limits::sure_terminal_bytes
                                                                     : limits::sure_write_bytes;
        from = from.first(std::min(from.size(), sure));
    }
    ++route.calls;
    return passed(sys::write(sink.fd, from, cache), route.sink_trail.get());
}

bool may_hold_more(const Endpoint& source) {
    if (source.facts.kind == FdKind::regular) return true;
    // Kernel: a page of somebody's file in a pipe, truncated before it was read,
    // makes splice(2) answer 0 in mid-stream; read(2) says ENODATA.
    return source.facts.kind == FdKind::pipe && sys::unread_bytes(source.fd).value_or(0) != 0;
}

// Kernel: a carrier that holds bytes never makes read(2) sleep. It answers 0 or
// an error only when a page in it has lost its content: the file was truncated.
Result<std::size_t> read_carrier(Route& route, Carrier& carrier, std::span<std::byte> into) {
    auto pipe = carrier.pipe();
    if (!pipe) return failure(pipe.error().at(Side::source));
    ++route.calls;
    const auto got =
        sys::read((*pipe)->read_end(), into.first(std::min(into.size(), carrier.size())));
    if (!got) return failure(got.error().at(Side::source));
    if (*got == 0) return failure(Error::truncated().at(Side::source));
    carrier.consumed(*got);
    return *got;
}

Result<void> unload_carrier(Route& route) {
    const auto got = read_carrier(route, route.space.carrier, route.space.buffer.room());
    if (!got) return failure(got.error());
    route.space.buffer.filled(*got);
    return {};
}

}  // namespace zc
