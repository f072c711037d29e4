// Files opened by path, for programs whose operands are paths.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

enum class OpenFor : std::uint8_t {
    reading,
    replacing,   // created or emptied
    appending,   // created, or written at its end wherever that is by then
    continuing,  // created, or written on from where it ends now: by splice, too
    rewriting    // created, or written over from its start; see cut()
};

// Owns    a descriptor above 2, closed on exec: a program whose standard
//         streams are closed never mistakes a file for one of them.
// Errors  open(2)'s, with the path as subject.
// Blocks  on a FIFO until its other end is opened.
[[nodiscard]] Result<Fd> open_file(const std::string& path, OpenFor purpose);

// The beginning of a file, at most so many bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t most);

// Makes it the file's whole content; it is created where it is missing.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);

// From where it is read next to its end; nothing for what is no regular file.
[[nodiscard]] std::optional<std::uint64_t> bytes_left_in(FdView file);

// Where the next read or write of a file happens.
//
// Errors  ESPIPE where there is no such place.
[[nodiscard]] Result<std::uint64_t> position(FdView file);

// Returns when the bytes of a regular file are on the disk; of what has none, at once.
[[nodiscard]] Result<void> sync_file(FdView file);

// Empties a regular file that was opened for `rewriting`; others have no length.
[[nodiscard]] Result<void> cut(FdView file);

// Whether a path leads to the file that a descriptor has open.
[[nodiscard]] bool leads_to(const std::string& path, const FdFacts& file);

}  // namespace zc
