// The relay's own part of the first loop: the left side, signals, and the end.
//
// Clients are taken in here and go to the loop with the fewest of them. When as many
// are in as may be, or no descriptor is free, whoever comes waits in the backlog
// until one is done: done_with_client() is called then, in this thread.
#include "relay/relay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "kernel/sys_event.hpp"
#include "kernel/sys_proc.hpp"
#include "relay/loop.hpp"

namespace zc {
namespace {

using Clock = SessionWork::Clock;
using namespace std::chrono_literals;

// A relay that is full for hours says so more than once, but not for each client.
constexpr auto tell_again = 10s;

constexpr std::array heard{SIGTERM, SIGINT, SIGHUP, SIGUSR1};

enum : std::uint64_t { token_signals, token_left, token_right, token_drain };

class Relay {
public:
    Relay(const Address& left, const std::vector<Address>& right, const RelayOptions& options,
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
    std::optional<Clock::time_point> told_full_;
    std::optional<int> ended_by_;
};

// Names and `retry` may take long, and signals are heard meanwhile.
void Relay::listen_on(const Address& address, std::optional<Gate>& gate, std::uint64_t token) {
    here().listen_in_thread(address, [this, &gate, token](Result<Listener> listener) {
        if (ended_by_) return;
        const auto opened = std::move(listener).and_then(
            [&](Listener socket) { return open_gate(std::move(socket), gate, token); });
        if (opened) return;
        common_.fail(opened.error());
        stop();
    });
}

Result<void> Relay::open_gate(Listener listener, std::optional<Gate>& gate, std::uint64_t token) {
    const Place place = token == token_left ? Place::left : Place::right;
    gate.emplace(std::move(listener), common_.use_of(place));
    common_.log(LogLevel::notice, "listening on " + gate->at());
    if (const auto deadline = gate->deadline()) here().timers().set(token, *deadline);
    return here().watch().add(gate->socket(), token);
}

Result<void> Relay::start() {
    auto signals = sys::take_signals(heard);
    if (!signals) return failure(signals.error());
    signals_ = std::move(*signals);
    if (forks(left_)) sys::raise_descriptor_limit();
    for (unsigned i = 0; i < threads_; ++i) {
        auto loop = Loop::create(common_);
        if (!loop) return failure(loop.error());
        loops_.push_back(std::move(*loop));
    }
    common_.call_when_done([this] { here().call([this] { done_with_client(); }); });
    if (auto watched = here().watch().add(signals_.view(), token_signals); !watched) return watched;
    if (is_listener(left_)) {
        listen_on(left_, left_gate_, token_left);
        return {};
    }
    here().open_in_thread(left_, common_.use_of(Place::left), [this](Result<Stream> left) {
        if (left) return arrived({std::move(*left), {}});
        common_.fail(left.error());
        stop();
    });
    return {};
}

RelayOutcome Relay::run() {
    if (auto started = start(); !started) {
        common_.fail(started.error());
    } else {
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < loops_.size(); ++i)
            others.emplace_back([loop = loops_[i].get()] { loop->run([](std::uint64_t) {}); });
        here().run([this](std::uint64_t token) { handle(token); });
        for (std::thread& each : others) each.join();
    }
    left_gate_.reset();
    right_gate_.reset();
    loops_.clear();
    const RelayCounters& counters = common_.counters();
    return {common_.failed(),
            common_.first_failure().value_or(Errc::system),
            ended_by_,
            counters.to_right.value(),
            counters.to_left.value(),
            counters.begun};
}

void Relay::stop() {
    for (const auto& loop : loops_) loop->stop();
}

void Relay::handle(std::uint64_t token) {
    switch (token) {
        case token_signals: return take_signals();
        case token_left: return accept_left();
        case token_right: return accept_right();
        default: return stop();  // the time to drain is over
    }
}

void Relay::take_signals() {
    while (const auto signal = sys::next_signal(signals_.view())) {
        if (*signal == SIGUSR1) {
            if (observer_.statistics)
                common_.alone([this] {
                    observer_.statistics(common_.counters().to_right.value(),
                                         common_.counters().to_left.value());
                });
        } else if (*signal == SIGHUP && observer_.reopen_log) {
            common_.alone(observer_.reopen_log);
        } else if (*signal != SIGINT || !forwarded(*signal)) {
            leave_on(*signal);
        }
    }
}

// Whether a child has got the signal, as its option `sigint` asks.
bool Relay::forwarded(int signal) {
    bool any = here().forward_signal(signal);
    const bool wanted = std::any_of(right_.begin(), right_.end(), [](const Address& each) {
        return each.read.options.on(opt::sigint);
    });
    for (std::size_t i = 1; wanted && i < loops_.size(); ++i) {
        any |= loops_[i]->clients() != 0;
        loops_[i]->call([loop = loops_[i].get(), signal] { (void)loop->forward_signal(signal); });
    }
    return any;
}

// Nobody is taken in any more. Who sends SIGTERM may send it twice, as timeout(1)
// does; who types Ctrl-C means it.
void Relay::leave_on(int signal) {
    const auto patience = common_.options.drain;
    if (ended_by_ && signal == SIGTERM) return;
    const bool at_once = ended_by_ || signal == SIGHUP || patience == 0ms || common_.clients == 0;
    if (!ended_by_) ended_by_ = signal;
    left_gate_.reset();
    right_gate_.reset();
    if (at_once) {
        common_.log(LogLevel::notice, "exiting on signal " + std::to_string(signal));
        return stop();
    }
    common_.log(LogLevel::notice, "signal " + std::to_string(signal) + ": " +
                                      std::to_string(common_.clients) + " sessions may finish");
    here().timers().set(token_drain, Clock::now() + patience);
    common_.somebody_waits = true;
    end_if_idle();
}

bool Relay::room_for_another() const {
    const auto most = left_gate_->max_children();
    return !most || common_.clients < *most;
}

// Who comes next at a gate. A gate that nobody came to in time is closed.
Arrival Relay::next_client(std::optional<Gate>& gate, std::uint64_t token) {
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
void Relay::full(const Error& error, std::uint64_t token) {
    const Clock::time_point now = Clock::now();
    if (!told_full_ || now - *told_full_ >= tell_again) {
        told_full_ = now;
        common_.log(LogLevel::warning, cause(error) + ": nobody is let in until a connection ends");
    }
    common_.somebody_waits = true;
    here().timers().set(token, now + 1s);
}

void Relay::accept_left() {
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

void Relay::accept_right() {
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

void Relay::arrived(Client client) {
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

void Relay::done_with_client() {
    common_.somebody_waits = !left_gate_;
    if (left_gate_) {
        // Nobody could have come in time while all places were taken.
        if (left_gate_->max_children()) left_gate_->await_next(Clock::now());
        return accept_left();
    }
    end_if_idle();
}

void Relay::end_if_idle() {
    if (!left_gate_ && common_.clients == 0) stop();
}

}  // namespace

void block_relay_signals() { (void)sys::take_signals(heard); }

RelayOutcome run_relay(const Address& left, const std::vector<Address>& right,
                       const RelayOptions& options, const RelayObserver& observer) {
    return Relay(left, right, options, observer).run();
}

}  // namespace zc
