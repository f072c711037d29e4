// copy_file_range(2) between two files: shares extents on xfs and btrfs, copies
// inside the kernel elsewhere on one file system, and is refused across two.
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {

Result<Step> step_reflink(Route& route, std::size_t limit) {
    if (route.space.held() != 0) return deliver_held(route);
    ++route.calls;
    const auto copied = sys::copy_file_range(route.source.fd, route.sink.fd,
                                             std::min(limit, limits::reflink_bytes));
    // As for splice: one call, both ends; read and write tell who is to blame.
    if (!copied) return unsupported(copied.error());
    if (*copied == 0) return ended();
    route.taken += *copied;
    route.delivered += *copied;
    return moved();
}

}  // namespace zc
