// Numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace zc {

// "999 B", "1.21 GiB": three digits and a binary unit.
[[nodiscard]] std::string bytes_text(double bytes);

// "0:00:12", "27:03:59": hours, minutes, seconds.
[[nodiscard]] std::string clock_text(std::chrono::nanoseconds time);

}  // namespace zc
