#include <cstdlib>
#include <ctime>

#include "catch.hpp"
#include "report/dump.hpp"
#include "report/log.hpp"
#include "report/statistics.hpp"

using namespace zc;
using namespace std::chrono_literals;

namespace {

// 2026/11/24 11:05:15.123456, far from Greenwich: local time is what is shown.
std::chrono::system_clock::time_point noon() {
    ::setenv("TZ", "TST-2", 1);
    ::tzset();
    return std::chrono::system_clock::from_time_t(1795511115) + 123456us;
}

std::string dumped(std::string_view bytes, DumpForm form) {
    const auto text = dump('>', noon(), 0, std::as_bytes(std::span(bytes)), form);
    const auto header = text.find('\n') + 1;
    CHECK(text.substr(0, header) ==
          "> 2026/11/24 11:05:15.123456  length=" + std::to_string(bytes.size()) +
              " from=0 to=" + std::to_string(bytes.size() - 1) + "\n");
    return text.substr(header);
}

}  // namespace

// What socat 1.7.4.4 shows for the same bytes.

TEST_CASE("dump: text is shown as it is, with no newline of ours") {
    CHECK(dumped("hello\n", DumpForm::text) == "hello\n");
    CHECK(dumped("hello", DumpForm::text) == "hello");
    CHECK(dumped("\n", DumpForm::text) == "\n");
    CHECK(dumped("a\r\nb\n\nc", DumpForm::text) == "a\\r\nb\n\nc");
}

TEST_CASE("dump: text has escapes for some control characters and a dot for others") {
    CHECK(dumped({"\a\b\t\v\f\0\1\33\\\"\177\200\377", 13}, DumpForm::text) ==
          "\\a\\b\t\\v\\f...\\\\\"...");
}

TEST_CASE("dump: hex is one line") {
    CHECK(dumped("hello\n", DumpForm::hex) == " 68 65 6c 6c 6f 0a\n");
    CHECK(dumped({"\a\b\t\v\f\0\1\33\\\"\177\200\377", 13}, DumpForm::hex) ==
          " 07 08 09 0b 0c 00 01 1b 5c 22 7f 80 ff\n");
    CHECK(dumped(std::string(1000, 'x'), DumpForm::hex).size() == 3001);
}

TEST_CASE("dump: both are rows of 16 that end after a newline") {
    CHECK(dumped("hello", DumpForm::both) ==
          " 68 65 6c 6c 6f                                   hello\n"
          "--\n");
    CHECK(dumped("a\r\nb\n\nc", DumpForm::both) ==
          " 61 0d 0a                                         a..\n"
          " 62 0a                                            b.\n"
          " 0a                                               .\n"
          " 63                                               c\n"
          "--\n");
    CHECK(dumped("line two is longer than\nx", DumpForm::both) ==
          " 6c 69 6e 65 20 74 77 6f 20 69 73 20 6c 6f 6e 67  line two is long\n"
          " 65 72 20 74 68 61 6e 0a                          er than.\n"
          " 78                                               x\n"
          "--\n");
    CHECK(dumped({"\t\\\0\177\377", 5}, DumpForm::both) ==
          " 09 5c 00 7f ff                                   .\\...\n"
          "--\n");
}

TEST_CASE("dump: a row that a newline fills, and one that it follows") {
    CHECK(dumped("fifteen bytes .\nx", DumpForm::both) ==
          " 66 69 66 74 65 65 6e 20 62 79 74 65 73 20 2e 0a  fifteen bytes ..\n"
          " 78                                               x\n"
          "--\n");
    CHECK(dumped("sixteen bytes ..\n", DumpForm::both) ==
          " 73 69 78 74 65 65 6e 20 62 79 74 65 73 20 2e 2e  sixteen bytes ..\n"
          " 0a                                               .\n"
          "--\n");
}

TEST_CASE("dump: a later block of the other direction") {
    const std::string_view bytes = "two";
    CHECK(
        dump('<', noon() + 877s, 5'000'000'000, std::as_bytes(std::span(bytes)), DumpForm::text) ==
        "< 2026/11/24 11:19:52.123456  length=3 from=5000000000 to=5000000002\ntwo");
}

TEST_CASE("log: -lu, -lh and -lp change a line as they do in socat") {
    LogStyle style{"zc-relay", 351, Precision::s, ""};
    CHECK(log_line(noon(), style, LogLevel::notice, "text") ==
          "2026/11/24 11:05:15 zc-relay[351] N text");
    style.precision = Precision::us;
    CHECK(log_line(noon(), style, LogLevel::error, "text") ==
          "2026/11/24 11:05:15.123456 zc-relay[351] E text");
    style.host = "here";
    CHECK(log_line(noon(), style, LogLevel::warning, "text") ==
          "2026/11/24 11:05:15.123456 here zc-relay[351] W text");
    style.precision = Precision::s;
    style.program = "name";
    CHECK(log_line(noon(), style, LogLevel::info, "text") ==
          "2026/11/24 11:05:15 here name[351] I text");
}

TEST_CASE("log: a fraction keeps its zeros, and a time before 1970 is a time") {
    const auto second = std::chrono::floor<std::chrono::seconds>(noon());
    CHECK(time_stamp(second + 7us, Precision::us) == "2026/11/24 11:05:15.000007");
    CHECK(time_stamp(second, Precision::us) == "2026/11/24 11:05:15.000000");
    CHECK(time_stamp(std::chrono::system_clock::from_time_t(-7200) - 1us, Precision::us) ==
          "1969/12/31 23:59:59.999999");
}

TEST_CASE("statistics: one line for each way there is, in columns") {
    Statistics statistics{WayCount{12, 5000}, WayCount{3, 1234567}};
    CHECK(statistics_lines(statistics) ==
          std::vector<std::string>{"STATISTICS: left to right: 12 packets(s),    5000 byte(s)",
                                   "STATISTICS: right to left:  3 packets(s), 1234567 byte(s)"});
    statistics.to_left.reset();
    CHECK(statistics_lines(statistics) ==
          std::vector<std::string>{"STATISTICS: left to right: 12 packets(s), 5000 byte(s)"});
    statistics = {std::nullopt, WayCount{0, 0}};
    CHECK(statistics_lines(statistics) ==
          std::vector<std::string>{"STATISTICS: right to left: 0 packets(s), 0 byte(s)"});
}
