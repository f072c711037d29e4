// Files opened by path, for programs whose operands are paths.
#pragma once

#include <string>
#include <string_view>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

enum class OpenFor : std::uint8_t {
    reading,
    replacing,  // created or emptied
    appending,  // created, or written at its end wherever that is by then
    continuing  // created, or written on from where it ends now: by splice, too
};

// Owns    a descriptor above 2, closed on exec: a program whose standard
//         streams are closed never mistakes a file for one of them.
// Errors  open(2)'s, with the path as subject.
// Blocks  on a FIFO until its other end is opened.
[[nodiscard]] Result<Fd> open_file(const std::string& path, OpenFor purpose);

// Where the next read or write of a file happens.
//
// Errors  ESPIPE where there is no such place.
[[nodiscard]] Result<std::uint64_t> position(FdView file);

// Writes the text whole, waiting where it must; for messages, not for bulk.
[[nodiscard]] Result<void> write_all(FdView file, std::string_view text);

}  // namespace zc
