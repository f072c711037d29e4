// A relay's counters for Prometheus, and the little server that it asks.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "address/open.hpp"
#include "relay/counters.hpp"

namespace zc {

// Returns  the counters in the text format (version 0.0.4): zc_relay_bytes_total and so
//          on, each with its HELP and TYPE.
[[nodiscard]] std::string metrics_text(const RelayCounters& counters);

// Answers GET /metrics over HTTP/1.1, one client after the other; anything else is 404,
// 405 or 400. A client that says nothing for two seconds is left.
//
// Owns    the listener and a thread.
class MetricsServer {
public:
    // Takes    TCP-LISTEN or UNIX-LISTEN, with its options; what is answered.
    // Errors   as open_listener(); EAGAIN for the thread.
    [[nodiscard]] static Result<MetricsServer> start(const Address& at,
                                                     std::function<std::string()> text);
    MetricsServer(MetricsServer&& other) noexcept = default;
    MetricsServer& operator=(MetricsServer&&) noexcept = delete;
    // Blocks  until a client that is being answered has been left.
    ~MetricsServer();

    // Where it listens: "127.0.0.1:9100".
    [[nodiscard]] const std::string& at() const { return at_; }

private:
    MetricsServer(std::string at, Fd bell) : at_(std::move(at)), bell_(std::move(bell)) {}
    std::string at_;
    Fd bell_;
    std::thread thread_;
};

}  // namespace zc
