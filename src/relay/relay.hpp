// Opens addresses and relays between them; with `fork`, for every client.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "address/open.hpp"
#include "kernel/limits.hpp"
#include "relay/counters.hpp"
#include "relay/gate.hpp"
#include "relay/resources.hpp"
#include "relay/session_work.hpp"
#include "relay/targets.hpp"

namespace zc {

struct RelayOptions {
    SessionOptions session;
    std::optional<Family> family;  // -4, -6
    Balance balance = Balance::first;
    std::chrono::milliseconds retry_after = limits::target_retry;
    // How long sessions may go on after SIGTERM or SIGINT.
    std::chrono::milliseconds drain{0};
    unsigned threads = 1;  // event loops, when the left address forks
    std::size_t buffer_bytes = limits::relay_buffer_bytes;
    // Of all carriers together; without it half of what the user's quota allows.
    std::optional<std::size_t> pipe_memory_bytes;
    // Counts what happens, for whoever watches; the caller's, and outlives the relay.
    RelayCounters* counters = nullptr;
};

// One session that has ended.
struct SessionSummary {
    std::string left;
    std::string right;
    Traffic to_right;
    Traffic to_left;
    std::chrono::nanoseconds elapsed{0};
    std::chrono::nanoseconds connect{0};  // before it, from the client's arrival on
    BytesBy bytes_by{};                   // both ways
    std::vector<Error> errors;
};

// Returns  the summary as a JSON object on one line, without a newline; zc-relay(1)
//          describes it.
[[nodiscard]] std::string session_json(const SessionSummary& summary, const std::string& program,
                                       int process);

// How the relay talks; it never prints by itself. Called by one thread at a time.
struct RelayObserver {
    Log log;
    // A direction has ended; called for each of its sinks.
    std::function<void(const EndReport&)> report;
    // A session has ended; called before its errors are logged.
    std::function<void(const SessionSummary&)> session;
    // What SIGHUP does; without it the relay ends.
    std::function<void()> reopen_log;
    // What SIGUSR1 asks for: all that has gone each way until now.
    std::function<void(const Traffic& to_right, const Traffic& to_left)> statistics;
};

struct RelayOutcome {
    bool failed = false;          // something was told with LogLevel::error
    Errc failure = Errc::system;  // what the first of them was
    std::optional<int> signal;    // it was ended by this one
    Traffic to_right;
    Traffic to_left;
    std::uint64_t sessions = 0;
};

// Blocks the signals that run_relay() hears, for the whole process.
//
// Order    before other threads are made: they would be ended by them.
void block_relay_signals();

// Takes    addresses of parse_address(); only the left one may fork. With several
//          right ones each session gets one of them, see Targets.
// Returns  when the session has ended (or never, with `fork`), on SIGTERM,
//          SIGINT and SIGHUP, or when the left address cannot be opened.
// Owns     event loops, one in this thread and with `fork` more in theirs; only
//          they move bytes. Threads that look names up and open what may sleep.
// Kernel   blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 for the whole process; with
//          `fork` raises its limit of descriptors as far as it may.
[[nodiscard]] RelayOutcome run_relay(const Address& left, const std::vector<Address>& right,
                                     const RelayOptions& options, const RelayObserver& observer);

}  // namespace zc
