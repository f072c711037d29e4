// Bytes by read(2) and write(2), waiting where a descriptor would not.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// Reads once, waiting until there is something; 0 at the end.
[[nodiscard]] Result<std::size_t> read_some(FdView file, std::span<std::byte> into);

// Writes all of it, waiting where it must.
[[nodiscard]] Result<void> write_all(FdView file, std::span<const std::byte> bytes);
[[nodiscard]] inline Result<void> write_all(FdView file, std::string_view text) {
    return write_all(file, std::as_bytes(std::span(text)));
}

}  // namespace zc
