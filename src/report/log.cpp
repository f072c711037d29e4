#include "report/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace zc {

std::string log_line(std::chrono::system_clock::time_point when, std::string_view program,
                     int process, LogLevel level, std::string_view text) {
    constexpr std::string_view letters = "FEWNID";
    const auto seconds = std::chrono::system_clock::to_time_t(when);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::string shown(text);
    // A name from the network or a file must not forge a line of its own.
    std::replace_if(
        shown.begin(), shown.end(),
        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return fmt::format("{:%Y/%m/%d %H:%M:%S} {}[{}] {} {}", local, program, process,
                       letters[static_cast<std::size_t>(level)], shown);
}

}  // namespace zc
