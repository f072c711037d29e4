// How bytes are moved, and how they may be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/fd.hpp"

namespace zc {

// How bytes get from source to sink. The words of man pages, --explain and tests.
enum class Method : std::uint8_t {
    reflink,   // copy_file_range(2): shared extents, or a copy inside the kernel
    splice,    // one splice(2) from source to sink; one of them is a pipe
    carrier,   // two splices through a private pipe
    copy,      // read(2) and write(2)
    uncached,  // the same with RWF_DONTCACHE
    sparse,    // the same with holes: of the source, and for blocks of zeros
    tee        // tee(2), for all sinks of a fan-out but the last
};
inline constexpr std::size_t method_count = 7;

[[nodiscard]] const char* name_of(Method method);

// Bytes counted by the method that moved them.
using BytesBy = std::array<std::uint64_t, method_count>;

// The method that moved most; `copy` when nothing was moved.
[[nodiscard]] Method main_method(const BytesBy& bytes_by);

// Whether page-cache pages may be handed to a sink.
enum class ZeroCopy : std::uint8_t {
    automatic,  // only where nobody can change them before they are consumed
    always,     // wherever the kernel can
    never       // read and write only
};

// What becomes of holes, and of blocks of zeros, in a file that is written.
enum class Holes : std::uint8_t {
    as_the_method_has_them,  // reflink keeps them, the others fill them
    kept
};

struct Policy {
    ZeroCopy zero_copy = ZeroCopy::automatic;
    Cache cache = Cache::normal;
    Holes holes = Holes::as_the_method_has_them;
};

// Whether a step may sleep in the kernel on a blocking descriptor that is not
// ours, or asks poll(2) first and comes back.
enum class Waiting : std::uint8_t { in_kernel, by_poll };

}  // namespace zc
