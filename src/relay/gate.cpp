#include "relay/gate.hpp"

namespace zc {

Result<Gate> Gate::open(const Address& address, const OpenContext& context, Use use,
                        const Log& log) {
    auto listener = open_listener(address, context);
    if (!listener) return failure(listener.error());
    Gate gate(std::move(*listener), use);
    log(LogLevel::notice, "listening on " + gate.at_);
    gate.await_next(Clock::now());
    return gate;
}

void Gate::await_next(Clock::time_point now) {
    if (const auto limit = listener_.accept_timeout()) deadline_ = now + *limit;
}

Result<std::optional<Accepted>> Gate::next(Clock::time_point now, const Log& log) {
    for (;;) {
        auto arrival = listener_.accept(use_);
        if (!arrival) return failure(arrival.error());
        if (auto* accepted = std::get_if<Accepted>(&*arrival)) {
            log(LogLevel::notice, "accepting connection from " + accepted->peer() + " on " + at_);
            await_next(now);
            return std::move(*accepted);
        }
        if (std::holds_alternative<Nobody>(*arrival)) {
            if (!deadline_ || now < *deadline_) return std::optional<Accepted>();
            return failure(
                Error::told(Errc::timed_out, "accept", "no connection within accept-timeout")
                    .about(listener_.label()));
        }
        const auto& refused = std::get<Refused>(*arrival);
        log(LogLevel::warning, "refusing connection from " + refused.peer + ": " + refused.reason);
    }
}

}  // namespace zc
