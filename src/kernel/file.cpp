#include "kernel/file.hpp"

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
        (void)sys::seek(opened->view(), 0, sys::Seek::end);
    }
    if (!opened) return failure(opened.error().about(path));
    return opened;
}

Result<std::uint64_t> position(FdView file) { return sys::offset(file); }

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
