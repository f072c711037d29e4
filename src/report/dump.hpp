// What goes through a relay, for people to see: the text of socat's -v and -x.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace zc {

enum class DumpForm : std::uint8_t { text, hex, both };

// Takes    '>' for what goes to the right, '<' for what goes to the left; how many
//          bytes went that way before.
// Returns  "> 2026/11/24 11:05:15.123456  length=6 from=0 to=5", a newline and the
//          bytes: as text with what is no text escaped or shown as '.', in
//          hexadecimal, or both side by side in lines of 16.
[[nodiscard]] std::string dump(char direction, std::chrono::system_clock::time_point when,
                               std::uint64_t before, std::span<const std::byte> bytes,
                               DumpForm form);

}  // namespace zc
