// The seam: what of a file is in the page cache. Rules as in sys.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/sys.hpp"

namespace zc::sys {

// Which pages from this place on, at a page's boundary, are in the page cache: 0 or 1
// each. Errors: EACCES for a file that is not open for reading. Of a file that is neither
// this user's nor his to write all are said to be.
Result<void> cached_pages(FdView file, std::uint64_t offset, std::span<std::byte> into);
// Writes them to the disk; with Sleep::never only begins to.
Result<void> write_back(FdView file, std::uint64_t offset, std::uint64_t bytes, Sleep sleep);
Result<void> drop_cached(FdView file, std::uint64_t offset, std::uint64_t bytes);

}  // namespace zc::sys
