// Log lines as socat(1) writes them, and where they go.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/fd.hpp"

namespace zc {

// From the worst to the most talkative; `-d` adds one.
enum class LogLevel : std::uint8_t { fatal, error, warning, notice, info, debug };

enum class Precision : std::uint8_t { s, us };

struct LogStyle {
    std::string program;
    int process = 0;
    Precision precision = Precision::s;  // -lu
    std::string host;                    // -lh; "" leaves it out
    enum class Form : std::uint8_t { text, json } form = Form::text;
};

// Returns  `2026-11-23T15:58:26.123456Z`.
[[nodiscard]] std::string utc_stamp(std::chrono::system_clock::time_point when);

// Returns  `2026/11/23 16:58:26` in local time, with .123456 for Precision::us.
[[nodiscard]] std::string time_stamp(std::chrono::system_clock::time_point when,
                                     Precision precision);

// Returns  `2026/11/23 16:58:26 zc-relay[351] N text`, without a newline, in
//          local time; control characters of `text` are shown as `?`.
[[nodiscard]] std::string log_line(std::chrono::system_clock::time_point when,
                                   const LogStyle& style, LogLevel level, std::string_view text);

// Returns  the same as a JSON object: time, program, pid, level ("error") and message.
[[nodiscard]] std::string json_log_line(std::chrono::system_clock::time_point when,
                                        const LogStyle& style, LogLevel level,
                                        std::string_view text);

// Where log lines go: standard error, unless told otherwise.
//
// Owns     the log file.
class LogTarget {
public:
    // Errors   those of open(2); what was there before stays.
    Result<void> to_file(const std::string& path);
    // Opens the file again under its name: it may have been rotated away.
    Result<void> reopen();
    // Takes    a facility of syslog(3), "daemon", "local0"; false when there is none such.
    [[nodiscard]] bool to_syslog(const std::string& program, std::string_view facility);

    void write(const LogStyle& style, LogLevel level, std::string_view text) const;
    // A line that has its form already.
    void write(std::string_view line) const;
    [[nodiscard]] bool is_file() const { return file_.valid(); }

private:
    std::string path_;
    Fd file_;
    std::string ident_;  // of syslog
    bool syslog_ = false;
};

}  // namespace zc
