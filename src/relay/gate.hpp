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

    // Takes   an address for which is_listener() holds, and what its clients are for.
    // Errors  as open_listener().
    // Blocks  as open_listener().
    [[nodiscard]] static Result<Gate> open(const Address& address, const OpenContext& context,
                                           Use use, const Log& log);

    [[nodiscard]] FdView socket() const { return listener_.socket(); }
    [[nodiscard]] std::optional<std::uint64_t> max_children() const {
        return listener_.max_children();
    }
    // When the next client must have come: `accept-timeout`.
    [[nodiscard]] std::optional<Clock::time_point> deadline() const { return deadline_; }

    // The next client that is welcome; those that are not are logged.
    //
    // Returns  nothing when none waits.
    // Errors   timed_out after deadline(). EMFILE and its like: the connection
    //          still waits, but no edge will tell so again.
    [[nodiscard]] Result<std::optional<Accepted>> next(Clock::time_point now, const Log& log);

private:
    Gate(Listener listener, Use use)
        : listener_(std::move(listener)),
          at_(listener_.local().value_or(listener_.label())),
          use_(use) {}
    void await_next(Clock::time_point now);

    Listener listener_;
    std::string at_;
    Use use_;
    std::optional<Clock::time_point> deadline_;
};

}  // namespace zc
