// One splice(2) from source to sink, one of them a pipe and the other a pipe, a
// file or a memory device: nothing that can sleep while it holds a pipe's lock.
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {

Result<Step> step_splice(Route& route, std::size_t limit) {
    if (route.space.held() != 0) return deliver_held(route);
    ++route.calls;
    const auto spliced = sys::splice(route.source.fd, route.sink.fd,
                                     std::min(limit, limits::splice_bytes), sleep_of(route));
    if (spliced) {
        if (*spliced == 0) return ended();
        route.taken += *spliced;
        route.delivered += *spliced;
        return moved();
    }
    // Kernel: EAGAIN does not say which end is stuck; the ends tell. When both are
    // ready, one has become so since: whoever waited now would wait for nothing.
    if (means_try_later(spliced.error())) {
        if (!is_ready(route, route.source.fd, Readiness::readable))
            return Step{Step::Kind::wait_source};
        const bool has_room = is_ready(route, route.sink.fd, Readiness::writable);
        return has_room ? moved() : Step{Step::Kind::wait_sink};
    }
    if (means_broken_pipe(spliced.error())) return failure(spliced.error().at(Side::sink));
    // One call touched both ends and nothing was consumed: read and write will
    // tell whose failure it is, if it is one.
    return unsupported(spliced.error());
}

}  // namespace zc
