#include "engine/skip.hpp"

#include <algorithm>

#include "kernel/io.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {
namespace {

// As far as the source has a size that can be believed without reading: a file
// that claims less than it holds (of /proc, of FUSE) is read from there on, and one
// that claims no more than a buffer's worth (of /sys) is read.
std::uint64_t seek_over(const Endpoint& source, std::uint64_t bytes) {
    const bool has_size =
        source.facts.kind == FdKind::regular || source.facts.kind == FdKind::block_device;
    if (!has_size || bytes <= limits::buffer_bytes) return 0;
    const auto at = sys::offset(source.fd);
    const auto end = sys::seek(source.fd, 0, sys::Seek::end);
    if (!at || !end) return 0;
    const std::uint64_t left = *end > *at ? *end - *at : 0;
    const std::uint64_t over = left <= limits::buffer_bytes ? 0 : std::min(left, bytes);
    return sys::seek(source.fd, *at + over, sys::Seek::to) ? over : 0;
}

}  // namespace

Result<std::uint64_t> skip_bytes(const Endpoint& source, Workspace& space, std::uint64_t bytes) {
    std::uint64_t skipped = seek_over(source, bytes);
    while (skipped < bytes) {
        const auto room = space.buffer.room();
        const auto wanted = std::min<std::uint64_t>(room.size(), bytes - skipped);
        const auto got = read_some(source.fd, room.first(static_cast<std::size_t>(wanted)));
        if (!got) return failure(got.error().at(Side::source).about(source.label));
        if (*got == 0) break;
        skipped += *got;
    }
    space.buffer.clear();
    return skipped;
}

}  // namespace zc
