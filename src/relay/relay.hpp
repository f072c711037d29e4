// Opens two addresses and relays between them; with `fork`, for every client.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "address/open.hpp"
#include "relay/gate.hpp"
#include "relay/session.hpp"

namespace zc {

struct RelayOptions {
    SessionOptions session;
    std::optional<Family> family;  // -4, -6
};

// How the relay talks; it never prints by itself.
struct RelayObserver {
    Log log;
    // A direction has ended; called for each of its sinks.
    std::function<void(const EndReport&)> report;
};

struct RelayOutcome {
    bool failed = false;        // something was told with LogLevel::error
    std::optional<int> signal;  // it was ended by this one
};

// Takes    addresses of parse_address(); only the left one may fork.
// Returns  when the session has ended (or never, with `fork`), on SIGTERM,
//          SIGINT and SIGHUP, or when the left address cannot be opened.
// Owns     one event loop in this thread, the only one that moves bytes; threads
//          that open addresses and wait for children.
// Kernel   blocks SIGTERM, SIGINT and SIGHUP for the whole process.
[[nodiscard]] RelayOutcome run_relay(const Address& left, const Address& right,
                                     const RelayOptions& options, const RelayObserver& observer);

}  // namespace zc
