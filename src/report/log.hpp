// Log lines as socat(1) writes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace zc {

// From the worst to the most talkative; `-d` adds one.
enum class LogLevel : std::uint8_t { fatal, error, warning, notice, info, debug };

// Returns  `2026/11/23 16:58:26 zc-relay[351] N text`, without a newline, in
//          local time; control characters of `text` are shown as `?`.
[[nodiscard]] std::string log_line(std::chrono::system_clock::time_point when,
                                   std::string_view program, int process, LogLevel level,
                                   std::string_view text);

}  // namespace zc
