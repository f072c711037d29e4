// The work of run_relay(); relay*.cpp alone include it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "relay/loop.hpp"
#include "relay/relay.hpp"

namespace zc {

// Tokens of the first loop that are no session's.
enum : std::uint64_t { token_signals, token_left, token_right, token_drain };

class RelayWork {
public:
    RelayWork(const Address& left, const std::vector<Address>& right, const RelayOptions& options,
              const RelayObserver& observer)
        : left_(left),
          right_(right),
          observer_(observer),
          common_(right, options, observer),
          threads_(forks(left) ? std::max(options.threads, 1U) : 1) {}

    RelayOutcome run();

private:
    [[nodiscard]] Result<void> start();
    void listen_on(const Address& address, std::optional<Gate>& gate, std::uint64_t token);
    [[nodiscard]] Result<void> open_gate(Listener listener, std::optional<Gate>& gate,
                                         std::uint64_t token);
    void stop();

    void handle(std::uint64_t token);
    void take_signals();
    [[nodiscard]] bool forwarded(int signal);
    void leave_on(int signal);
    void accept_left();
    void accept_right();
    [[nodiscard]] Arrival next_client(std::optional<Gate>& gate, std::uint64_t token);
    [[nodiscard]] bool room_for_another() const;
    void full(const Error& error, std::uint64_t token);
    void arrived(Client client);
    void done_with_client();
    void end_if_idle();

    [[nodiscard]] Loop& here() { return *loops_.front(); }
    // The right-hand side is one listener for one client: it is waited for in the loop.
    [[nodiscard]] bool right_is_gate() const {
        return right_.size() == 1 && is_listener(right_.front()) && !forks(left_);
    }
    [[nodiscard]] bool has_children() const {
        return std::any_of(right_.begin(), right_.end(), [](const Address& each) {
            return std::holds_alternative<Exec>(each.read.target) ||
                   std::holds_alternative<Shell>(each.read.target) || each.write;
        });
    }

    const Address& left_;
    const std::vector<Address>& right_;
    const RelayObserver& observer_;
    Common common_;
    unsigned threads_;
    std::vector<std::unique_ptr<Loop>> loops_;
    Fd signals_;
    std::optional<Gate> left_gate_;
    std::optional<Gate> right_gate_;
    std::optional<Stream> at_right_gate_;  // waits there
    std::optional<SessionWork::Clock::time_point> told_full_;
    std::optional<int> ended_by_;
};

}  // namespace zc
