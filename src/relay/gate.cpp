#include "relay/gate.hpp"

namespace zc {

Gate::Gate(Listener listener, Use use)
    : listener_(std::move(listener)),
      at_(listener_.local().value_or(listener_.label())),
      use_(use) {
    await_next(Clock::now());
}

void Gate::await_next(Clock::time_point now) {
    const auto limit = listener_.accept_timeout();
    if (limit && *limit != std::chrono::milliseconds{0}) deadline_ = now + *limit;
}

Result<Arrival> Gate::next(Clock::time_point now, const Log& log) {
    auto arrival = listener_.accept(use_);
    if (!arrival) return arrival;
    if (const auto* accepted = std::get_if<Accepted>(&*arrival)) {
        log(LogLevel::notice, "accepting connection from " + accepted->peer() + " on " + at_);
        await_next(now);
    } else if (const auto* refused = std::get_if<Refused>(&*arrival)) {
        log(LogLevel::warning,
            "refusing connection from " + refused->peer + ": " + refused->reason);
    } else if (deadline_ && now >= *deadline_) {
        return failure(Error::told(Errc::timed_out, "accept", "no connection within accept-timeout")
                           .about(listener_.label()));
    }
    return arrival;
}

}  // namespace zc
