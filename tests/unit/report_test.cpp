// Texts for people: log lines, dumps. What socat 1.7.4.4 writes, but for the
// microseconds of a dump, which it pads to nine digits.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "catch.hpp"
#include "report/dump.hpp"
#include "report/log.hpp"

using namespace zc;

namespace {

const auto moment =
    std::chrono::system_clock::from_time_t(0) + std::chrono::microseconds(1'000'042);

std::string shown(std::string_view text, DumpForm form, std::uint64_t before = 0) {
    const auto whole = dump('>', moment, before, std::as_bytes(std::span(text)), form);
    return whole.substr(whole.find("  length="));
}

}  // namespace

TEST_CASE("log: a line is socat's, and a name cannot forge another") {
    const LogStyle style{"zc-relay", 351, Precision::s, ""};
    const auto line = log_line(moment, style, LogLevel::notice, "from \"a\nb\x7f\"");
    CHECK(line.substr(10).find(" zc-relay[351] N from \"a?b?\"") != std::string::npos);
    CHECK(line[4] == '/');
    CHECK(std::count(line.begin(), line.end(), '\n') == 0);
}

TEST_CASE("log: microseconds and the host, when asked for") {
    const LogStyle style{"zc-relay", 351, Precision::us, "here"};
    const auto line = log_line(moment, style, LogLevel::fatal, "x");
    CHECK(line.substr(17) == "01.000042 here zc-relay[351] F x");
}

TEST_CASE("dump: text escapes what is no text") {
    CHECK(shown("a\\b\ttab\x1b\a\b\v\f\r\"\x80", DumpForm::text, 7) ==
          "  length=15 from=7 to=21\na\\\\b\ttab.\\a\\b\\v\\f\\r\".");
    CHECK(shown("x\n", DumpForm::text) == "  length=2 from=0 to=1\nx\n");
}

TEST_CASE("dump: hexadecimal is one line") {
    CHECK(shown("a\n\x01", DumpForm::hex) == "  length=3 from=0 to=2\n 61 0a 01\n");
}

TEST_CASE("dump: both are side by side, to 16 bytes or a newline") {
    CHECK(shown("0123456789abcdefg\n\tz", DumpForm::both) ==
          "  length=20 from=0 to=19\n"
          " 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
          " 67 0a                                            g.\n"
          " 09 7a                                            .z\n"
          "--\n");
}

TEST_CASE("dump: the first line tells direction and time") {
    const auto text = dump('<', moment, 0, std::as_bytes(std::span("a", 1)), DumpForm::text);
    CHECK(text.starts_with("< 19"));
    CHECK(text.find(".000042  length=1 from=0 to=0\na") != std::string::npos);
}
