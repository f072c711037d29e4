// A listener that an event loop looks after.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "address/open.hpp"
#include "report/log.hpp"

namespace zc {

using Log = std::function<void(LogLevel, const std::string&)>;

class Gate {
public:
    using Clock = std::chrono::steady_clock;

    // Takes   what its clients are for.
    Gate(Listener listener, Use use);

    // "127.0.0.1:8080"
    [[nodiscard]] const std::string& at() const { return at_; }

    [[nodiscard]] FdView socket() const { return listener_.socket(); }
    [[nodiscard]] std::optional<std::uint64_t> max_children() const {
        return listener_.max_children();
    }
    // When the next client must have come: `accept-timeout`.
    [[nodiscard]] std::optional<Clock::time_point> deadline() const { return deadline_; }

    // Whoever comes next; one who is not welcome is logged.
    //
    // Errors   timed_out after deadline(), when nobody waits. EMFILE and its like: the
    //          connection still waits, but no edge will tell so again.
    [[nodiscard]] Result<Arrival> next(Clock::time_point now, const Log& log);

    // `accept-timeout` begins anew.
    void await_next(Clock::time_point now);

private:
    Listener listener_;
    std::string at_;
    Use use_;
    std::optional<Clock::time_point> deadline_;
};

}  // namespace zc
