// Keeps what goes through a file out of the page cache where RWF_DONTCACHE cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "engine/endpoint.hpp"

namespace zc {

// Pages that were in the cache before stay there: somebody may need them.
//
// Order    made before the first byte goes through; end() when the last one has.
// Kernel   mincore(2) tells what is cached, of a file that is open for reading and that
//          this user owns or may write; of others nothing but what is behind their old
//          end is known to be new, and only that is dropped.
class DropBehind {
public:
    // Takes    a regular file or block device, to be read or written from where its
    //          offset is now, or, with O_APPEND, from its end.
    DropBehind(const Endpoint& file, Side use);

    // So many bytes more have gone through.
    //
    // Blocks   of a sink, until the window before the last one is on the disk.
    void passed(std::uint64_t bytes);

    // Blocks   of a sink, until all is on the disk.
    void end();

private:
    void jumped(std::uint64_t bytes);
    void look(std::uint64_t until);
    void drop(std::uint64_t until);
    [[nodiscard]] std::uint64_t page_of(std::uint64_t offset) const;

    FdView file_;
    Side use_;
    std::uint64_t at_ = 0;       // where it is read or written next
    std::uint64_t old_end_ = 0;  // nothing behind it can have been cached
    std::uint64_t pushed_ = 0;   // all before is being written back
    std::uint64_t dropped_ = 0;  // all before is done with; at a page's boundary
    // Of the pages from there on: whether they were cached before.
    std::deque<bool> hot_;
};

}  // namespace zc
