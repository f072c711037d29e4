#include "kernel/file.hpp"

#include <array>
#include <span>

#include "kernel/sys.hpp"
#include "kernel/sys_file.hpp"

namespace zc {

Result<Fd> open_file(const std::string& path, OpenFor purpose) {
    sys::OpenHow how;
    if (purpose != OpenFor::reading) {
        how.access = sys::Access::write;
        how.create = true;
        how.truncate = purpose == OpenFor::replacing;
        how.append = purpose == OpenFor::appending;
    }
    auto opened = sys::open_file(path, how);
    if (opened && purpose == OpenFor::continuing) {
        // What has no end (a FIFO, a terminal) is continued as it is.
        (void)sys::seek_end(opened->view());
    }
    if (!opened) return failure(opened.error().about(path));
    return opened;
}

Result<std::uint64_t> position(FdView file) { return sys::offset(file); }

Result<void> write_all(FdView file, std::string_view text) {
    while (!text.empty()) {
        const auto bytes = std::as_bytes(std::span(text));
        const auto written = sys::write(file, bytes);
        if (!written && !means_try_later(written.error())) return failure(written.error());
        const std::array<Interest, 1> room{Interest{file, Readiness::writable}};
        if (!written)
            (void)sys::wait(room, {}, std::nullopt);
        else
            text.remove_prefix(*written);
    }
    return {};
}

}  // namespace zc
