// Clients are taken in here and go to the loop with the fewest of them. When as many
// are in as may be, or no descriptor is free, whoever comes waits in the backlog
// until one is done: done_with_client() is called then, in this thread.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "relay/relay_work.hpp"

namespace zc {
namespace {

using Clock = SessionWork::Clock;
using namespace std::chrono_literals;

// A relay that is full for hours says so more than once, but not for each client.
constexpr auto tell_again = 10s;

}  // namespace

bool RelayWork::room_for_another() const {
    const auto most = left_gate_->max_children();
    return !most || common_.clients < *most;
}

// Who comes next at a gate. A gate that nobody came to in time is closed.
Arrival RelayWork::next_client(std::optional<Gate>& gate, std::uint64_t token) {
    const Clock::time_point now = Clock::now();
    const Log log = [this](LogLevel level, const std::string& text) { common_.log(level, text); };
    auto arrival = gate->next(now, log);
    if (arrival) {
        if (const auto deadline = gate->deadline()) here().timers().set(token, *deadline);
        return std::move(*arrival);
    }
    const Error& error = arrival.error();
    if (error.kind == Errc::timed_out) {
        common_.fail(error);
        gate.reset();
        common_.somebody_waits = true;
        end_if_idle();
        return Nobody{};
    }
    full(error, token);
    return Nobody{};
}

// Whoever comes waits in the backlog, and no edge will tell of him again.
void RelayWork::full(const Error& error, std::uint64_t token) {
    const Clock::time_point now = Clock::now();
    if (!told_full_ || now - *told_full_ >= tell_again) {
        told_full_ = now;
        common_.log(LogLevel::warning, cause(error) + ": nobody is let in until a connection ends");
    }
    common_.somebody_waits = true;
    here().timers().set(token, now + 1s);
}

void RelayWork::accept_left() {
    // Sessions and signals have their turn, too, however many come.
    constexpr int clients_at_once = 64;
    for (int i = 0; left_gate_; ++i) {
        if (i == clients_at_once) return here().timers().set(token_left, Clock::now());
        if (!room_for_another()) {
            common_.somebody_waits = true;
            // One may have been done before it could know.
            if (!room_for_another()) return;
        }
        if (common_.starved != 0) return full(Error::system("accept", EMFILE), token_left);
        auto arrival = next_client(left_gate_, token_left);
        if (std::holds_alternative<Nobody>(arrival)) return;
        auto* client = std::get_if<Accepted>(&arrival);
        ++(client != nullptr ? common_.counters().accepted : common_.counters().refused);
        if (client == nullptr) continue;
        if (!forks(left_)) left_gate_.reset();
        auto environment = has_children() ? client->environment() : std::vector<std::string>();
        arrived({std::move(client->stream), std::move(environment)});
    }
}

void RelayWork::accept_right() {
    while (right_gate_) {
        auto arrival = next_client(right_gate_, token_right);
        if (std::holds_alternative<Nobody>(arrival)) break;
        auto* client = std::get_if<Accepted>(&arrival);
        if (client == nullptr) continue;
        right_gate_.reset();
        here().begin_session(std::move(*at_right_gate_), std::move(client->stream));
        return at_right_gate_.reset();
    }
    if (!right_gate_) stop();
}

void RelayWork::arrived(Client client) {
    ++common_.clients;
    if (!left_gate_) common_.somebody_waits = true;
    if (right_is_gate()) {
        at_right_gate_.emplace(std::move(client.left));
        return listen_on(right_.front(), right_gate_, token_right);
    }
    const auto least =
        std::min_element(loops_.begin(), loops_.end(),
                         [](const auto& a, const auto& b) { return a->clients() < b->clients(); });
    if (*least == loops_.front()) return here().begin(std::move(client));
    (*least)->take_in(std::move(client));
}

void RelayWork::done_with_client() {
    common_.somebody_waits = !left_gate_;
    if (left_gate_) {
        // Nobody could have come in time while all places were taken.
        if (left_gate_->max_children()) left_gate_->await_next(Clock::now());
        return accept_left();
    }
    end_if_idle();
}

void RelayWork::end_if_idle() {
    if (!left_gate_ && common_.clients == 0) stop();
}

}  // namespace zc
