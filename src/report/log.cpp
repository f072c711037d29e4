#include "report/log.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "kernel/file.hpp"
#include "kernel/io.hpp"

namespace zc {
namespace {

std::string in_one_line(std::string_view text) {
    std::string shown(text);
    // A name from the network or a file must not forge a line of its own.
    std::replace_if(
        shown.begin(), shown.end(),
        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return shown;
}

}  // namespace

std::string time_stamp(std::chrono::system_clock::time_point when, Precision precision) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    const auto since = std::chrono::system_clock::to_time_t(seconds);
    std::tm local{};
    ::localtime_r(&since, &local);
    std::array<char, 32> stamp{};
    (void)std::strftime(stamp.data(), stamp.size(), "%Y/%m/%d %H:%M:%S", &local);
    std::string text = stamp.data();
    if (precision == Precision::us)
        text += fmt::format(
            ".{:06}",
            std::chrono::duration_cast<std::chrono::microseconds>(when - seconds).count());
    return text;
}

std::string log_line(std::chrono::system_clock::time_point when, const LogStyle& style,
                     LogLevel level, std::string_view text) {
    constexpr std::string_view letters = "FEWNID";
    return fmt::format("{} {}{}{}[{}] {} {}", time_stamp(when, style.precision), style.host,
                       style.host.empty() ? "" : " ", style.program, style.process,
                       letters[static_cast<std::size_t>(level)], in_one_line(text));
}

std::string utc_stamp(std::chrono::system_clock::time_point when) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(when - seconds);
    const auto since = std::chrono::system_clock::to_time_t(seconds);
    std::tm utc{};
    ::gmtime_r(&since, &utc);
    std::array<char, 32> stamp{};
    (void)std::strftime(stamp.data(), stamp.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    return fmt::format("{}.{:06}Z", stamp.data(), micros.count());
}

std::string json_log_line(std::chrono::system_clock::time_point when, const LogStyle& style,
                          LogLevel level, std::string_view text) {
    constexpr std::array names{"fatal", "error", "warning", "notice", "info", "debug"};
    const nlohmann::ordered_json line{{"time", utc_stamp(when)},
                                      {"program", style.program},
                                      {"pid", style.process},
                                      {"level", names[static_cast<std::size_t>(level)]},
                                      {"message", text}};
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<void> LogTarget::to_file(const std::string& path) {
    auto file = open_file(path, OpenFor::appending);
    if (!file) return failure(file.error().about(path));
    path_ = path;
    file_ = std::move(*file);
    return {};
}

Result<void> LogTarget::reopen() {
    if (!is_file()) return {};
    return to_file(std::string(path_));
}

bool LogTarget::to_syslog(const std::string& program, std::string_view facility) {
    static const std::map<std::string_view, int> facilities{
        {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
        {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
        {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
        {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
        {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
        {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
        {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};
    const auto found = facilities.find(facility);
    if (found == facilities.end()) return false;
    ident_ = program;
    ::openlog(ident_.c_str(), LOG_PID, found->second);
    syslog_ = true;
    return true;
}

void LogTarget::write(const LogStyle& style, LogLevel level, std::string_view text) const {
    if (syslog_) {
        constexpr std::array priorities{LOG_CRIT,   LOG_ERR,  LOG_WARNING,
                                        LOG_NOTICE, LOG_INFO, LOG_DEBUG};
        ::syslog(priorities[static_cast<std::size_t>(level)], "%s", in_one_line(text).c_str());
        return;
    }
    const auto now = std::chrono::system_clock::now();
    write(style.form == LogStyle::Form::json ? json_log_line(now, style, level, text)
                                             : log_line(now, style, level, text));
}

void LogTarget::write(std::string_view line) const {
    if (syslog_)
        ::syslog(LOG_INFO, "%.*s", static_cast<int>(line.size()), line.data());
    else
        (void)write_all(file_.valid() ? file_.view() : FdView(2), std::string(line) + '\n');
}

}  // namespace zc
