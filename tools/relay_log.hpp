// What zc-relay logs, and where: -d, -lf, -lp, -ls, -lu, -lh, -ly, --log-format.
#pragma once

#include <string>

#include "relay_options.hpp"
#include "report/log.hpp"

namespace zc::tool {

class RelayLog {
public:
    RelayLog(const std::string& program, const RelayFlags& flags);

    // Opens what the flags name; false when it cannot, which is told.
    [[nodiscard]] bool open();
    // Opens the file again, as whoever has moved it away asks for.
    void reopen();
    [[nodiscard]] bool is_file() const { return target_.is_file(); }

    // As far as -d asks for it; errors and warnings without.
    void log(LogLevel level, const std::string& text) const;
    // What was asked for, whatever -d says.
    void say(const std::string& text) const { target_.write(style_, LogLevel::info, text); }
    void write(const std::string& line) const { target_.write(line); }
    // Returns  false.
    bool complain(const std::string& thing, const Error& error) const;

    [[nodiscard]] const LogStyle& style() const { return style_; }

private:
    const RelayFlags& flags_;
    LogStyle style_;
    LogTarget target_;
};

}  // namespace zc::tool
