#include "kernel/file.hpp"

#include <cerrno>
#include <span>

#include "kernel/io.hpp"
#include "kernel/sys.hpp"
#include "kernel/sys_atomic.hpp"
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
        (void)sys::seek(opened->view(), 0, sys::Seek::end);
    }
    if (!opened) return failure(opened.error().about(path));
    return opened;
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
    const auto file = open_file(path, OpenFor::reading);
    if (!file) return failure(file.error());
    std::string text(most, '\0');
    std::size_t filled = 0;
    while (filled < most) {
        const auto room = std::as_writable_bytes(std::span(text)).subspan(filled);
        const auto got = read_some(file->view(), room);
        if (!got) return failure(got.error().about(path));
        if (*got == 0) break;
        filled += *got;
    }
    text.resize(filled);
    return text;
}

Result<void> write_file(const std::string& path, std::string_view text) {
    auto file = open_file(path, OpenFor::replacing);
    if (!file) return failure(file.error());
    auto written = write_all(file->view(), text);
    return written ? file->close() : written;
}

std::optional<std::uint64_t> bytes_left_in(FdView file) {
    const auto facts = classify(file);
    if (!facts || facts->kind != FdKind::regular) return std::nullopt;
    const auto at = sys::offset(file);
    return at && *at < facts->size_bytes ? facts->size_bytes - *at : 0;
}

Result<std::uint64_t> position(FdView file) { return sys::offset(file); }

Result<void> sync_file(FdView file) {
    auto synced = sys::sync(file);
    if (!synced && (synced.error().code == EINVAL || synced.error().code == EROFS)) return {};
    return synced;
}

Result<void> cut(FdView file) {
    const auto facts = classify(file);
    if (!facts) return failure(facts.error());
    return facts->kind == FdKind::regular ? sys::resize(file, 0) : Result<void>();
}

bool leads_to(const std::string& path, const FdFacts& file) {
    const auto entry = sys::look_up(path);
    return entry && entry->kind != sys::EntryKind::missing && entry->device == file.device &&
           entry->inode == file.inode;
}

}  // namespace zc
