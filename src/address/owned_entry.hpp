// Names in the file system that we made and take away again.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/result.hpp"

namespace zc {

// A name in the file system that goes when its owner goes.
//
// Owns    the entry, as long as it is still the same inode: what somebody else
//         has put there since is left alone.
class OwnedEntry {
public:
    OwnedEntry() = default;
    // Takes   a path that exists now.
    [[nodiscard]] static Result<OwnedEntry> adopt(std::string path);
    OwnedEntry(OwnedEntry&& other) noexcept;
    OwnedEntry& operator=(OwnedEntry&& other) noexcept;
    OwnedEntry(const OwnedEntry&) = delete;
    OwnedEntry& operator=(const OwnedEntry&) = delete;
    ~OwnedEntry();
    Result<void> remove();
    void leave() { path_.clear(); }  // keeps the entry

private:
    std::string path_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

}  // namespace zc
