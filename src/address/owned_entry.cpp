#include "address/owned_entry.hpp"

#include <utility>

#include "kernel/sys_file.hpp"

namespace zc {

Result<OwnedEntry> OwnedEntry::adopt(std::string path) {
    auto found = sys::look_up(path);
    if (!found) return failure(found.error());
    OwnedEntry entry;
    entry.path_ = std::move(path);
    entry.device_ = found->device;
    entry.inode_ = found->inode;
    return entry;
}

OwnedEntry::OwnedEntry(OwnedEntry&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

OwnedEntry& OwnedEntry::operator=(OwnedEntry&& other) noexcept {
    if (this != &other) {
        (void)remove();
        path_ = std::exchange(other.path_, {});
        device_ = other.device_;
        inode_ = other.inode_;
    }
    return *this;
}

OwnedEntry::~OwnedEntry() { (void)remove(); }

Result<void> OwnedEntry::remove() {
    const std::string path = std::exchange(path_, {});
    if (path.empty()) return {};
    const auto found = sys::look_up(path);
    if (!found) return failure(found.error().about(path));
    if (found->device != device_ || found->inode != inode_) return {};
    auto removed = sys::unlink(path);
    if (!removed) return failure(removed.error().about(path));
    return removed;
}

}  // namespace zc
