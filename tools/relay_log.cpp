#include "relay_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/process.hpp"

namespace zc::tool {

RelayLog::RelayLog(const std::string& program, const RelayFlags& flags) : flags_(flags) {
    style_.form = flags.log_form;
    style_.program = flags.log_name.empty() ? program : flags.log_name;
    style_.process = own_pid();
    if (flags.log_microseconds) style_.precision = Precision::us;
    if (flags.log_host) style_.host = host_name();
}

bool RelayLog::open() {
    if (flags_.syslog_facility && !target_.to_syslog(style_.program, *flags_.syslog_facility)) {
        log(LogLevel::error,
            fmt::format("-ly: \"{}\" is no facility of syslog", *flags_.syslog_facility));
        return false;
    }
    if (flags_.log_file.empty()) return true;
    auto opened = target_.to_file(flags_.log_file);
    return opened || complain(flags_.log_file, opened.error());
}

void RelayLog::reopen() {
    if (auto opened = target_.reopen(); !opened) complain(flags_.log_file, opened.error());
}

void RelayLog::log(LogLevel level, const std::string& text) const {
    const int most =
        flags_.quiet ? static_cast<int>(LogLevel::error) : std::max(2, flags_.verbosity + 1);
    if (static_cast<int>(level) <= most) target_.write(style_, level, text);
}

bool RelayLog::complain(const std::string& thing, const Error& error) const {
    log(LogLevel::error, thing + ": " + cause(error));
    return false;
}

}  // namespace zc::tool
