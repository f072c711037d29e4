// A pipe of our own: the carrier between a source and a sink.
#pragma once

#include <cstddef>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// Owns both ends of a pipe(2); closed on exec, blocking.
//
// Kernel  capacity is counted in slots of one page; what fits in bytes depends
//         on how they arrive: fill() can exceed capacity() when a socket hands
//         over compound pages, and a pipe of one-byte pieces is full at 16.
class PrivatePipe {
public:
    // Takes    the wanted capacity in bytes.
    // Returns  a pipe of at least one page. Where the system's limit or the
    //          user's quota refuses, the wish is halved until it is granted;
    //          the capacity is what the kernel says it became.
    // Errors   EMFILE, ENFILE, ENOMEM of pipe2(2). Never for the capacity.
    [[nodiscard]] static Result<PrivatePipe> create(std::size_t wanted_bytes);

    [[nodiscard]] FdView read_end() const { return read_end_.view(); }
    [[nodiscard]] FdView write_end() const { return write_end_.view(); }

    // The capacity in bytes as of create() or the last set_capacity().
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

    // Takes    bytes; the kernel rounds up to a power of two pages.
    // Returns  the new capacity.
    // Errors   EPERM over the limit or quota, EBUSY when it holds more.
    Result<std::size_t> set_capacity(std::size_t bytes);

    // Bytes written and not yet read.
    [[nodiscard]] Result<std::size_t> fill() const;

private:
    PrivatePipe(Fd read_end, Fd write_end, std::size_t capacity)
        : read_end_(std::move(read_end)), write_end_(std::move(write_end)), capacity_(capacity) {}

    Fd read_end_;
    Fd write_end_;
    std::size_t capacity_ = 0;
};

// Grows a pipe towards `wanted_bytes`, halving the wish on refusal; never shrinks.
//
// Returns  the capacity it has now; 0 when `pipe` is no pipe.
// Kernel   growing a foreign pipe counts on its owner's quota.
[[nodiscard]] std::size_t grow_pipe(FdView pipe, std::size_t wanted_bytes);

}  // namespace zc
