// One thread, one event loop. Whatever may take long and moves no bytes (looking
// up names, connecting, waiting for children) is an errand in a thread of its
// own and comes back through a bell that the loop listens to.
#include "relay/relay.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

#include "kernel/sys_event.hpp"
#include "relay/errands.hpp"
#include "relay/gate.hpp"
#include "relay/timers.hpp"
#include "relay/watch.hpp"

namespace zc {
namespace {

using Clock = Session::Clock;

// Tokens below are the loop's own; sessions count from there.
enum : std::uint64_t { token_signals, token_bell, token_left, token_right, first_session };

// What an errand brings back.
struct Opened {
    enum class Which : std::uint8_t { left, right } which;
    Result<Stream> stream;
};

class Relay {
public:
    Relay(const Address& left, const Address& right, const RelayOptions& options,
          const RelayObserver& observer, Errands<Opened> errands, Watch watch)
        : left_(left),
          right_(right),
          options_(options),
          observer_(observer),
          errands_(std::move(errands)),
          watch_(std::move(watch)) {}

    RelayOutcome run();

private:
    [[nodiscard]] Result<void> start();
    [[nodiscard]] Result<void> listen_on(const Address& address, std::optional<Gate>& gate,
                                         std::uint64_t token);
    void open_in_thread(std::uint64_t id, Opened::Which which, Use use,
                        std::vector<std::string> environment);
    void fail(const Error& error);

    void handle(std::uint64_t token);
    void take_signals();
    void take_errands();
    void accept_left();
    void accept_right();
    [[nodiscard]] std::optional<Accepted> next_client(std::optional<Gate>& gate,
                                                      std::uint64_t token);
    [[nodiscard]] bool room_for_another() const;

    void arrived(Stream left, std::vector<std::string> environment);
    void opened_right(std::uint64_t id, Result<Stream> right);
    void begin_session(std::uint64_t id, Stream left, Stream right);
    void give_turn(std::uint64_t id, Clock::time_point now);
    void end_session(std::uint64_t id);
    void session_is_over();
    void end_if_idle();

    [[nodiscard]] Use use_of_left() const { return use_of(Ways::to_right); }
    [[nodiscard]] Use use_of_right() const { return use_of(Ways::to_left); }
    // What the side is for that the bytes going `from_it` come from.
    [[nodiscard]] Use use_of(Ways from_it) const {
        if (options_.session.ways == Ways::both) return Use::both;
        return options_.session.ways == from_it ? Use::read : Use::write;
    }

    const Address& left_;
    const Address& right_;
    const RelayOptions& options_;
    const RelayObserver& observer_;
    Errands<Opened> errands_;
    Watch watch_;
    Timers timers_;
    Fd signals_;
    std::optional<Gate> left_gate_;
    std::optional<Gate> right_gate_;
    std::unordered_map<std::uint64_t, Stream> waiting_;  // on the left, for their right-hand side
    std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
    std::deque<std::uint64_t> moving_;  // sessions to be given a turn without an event
    std::uint64_t next_id_ = first_session;
    bool over_ = false;
    RelayOutcome outcome_;
};

void Relay::fail(const Error& error) {
    outcome_.failed = true;
    observer_.log(LogLevel::error,
                  error.subject.empty() ? cause(error) : error.subject + ": " + cause(error));
}

Result<void> Relay::listen_on(const Address& address, std::optional<Gate>& gate,
                              std::uint64_t token) {
    const Use use = token == token_left ? use_of_left() : use_of_right();
    auto opened = Gate::open(address, OpenContext{options_.family, {}}, use, observer_.log);
    if (!opened) return failure(opened.error());
    gate.emplace(std::move(*opened));
    if (const auto deadline = gate->deadline()) timers_.set(token, *deadline);
    return watch_.add(gate->socket(), token);
}

void Relay::open_in_thread(std::uint64_t id, Opened::Which which, Use use,
                           std::vector<std::string> environment) {
    const Address& address = which == Opened::Which::left ? left_ : right_;
    const OpenContext context{options_.family, std::move(environment)};
    errands_.run(id, [which, address, use, context] {
        return Opened{which, open_stream(address, use, context)};
    });
}

Result<void> Relay::start() {
    constexpr std::array ending{SIGTERM, SIGINT, SIGHUP};
    auto signals = sys::take_signals(ending);
    if (!signals) return failure(signals.error());
    signals_ = std::move(*signals);
    if (auto watched = watch_.add(signals_.view(), token_signals); !watched) return watched;
    if (auto watched = watch_.add(errands_.bell(), token_bell); !watched) return watched;
    if (is_listener(left_)) return listen_on(left_, left_gate_, token_left);
    open_in_thread(next_id_++, Opened::Which::left, use_of_left(), {});
    return {};
}

RelayOutcome Relay::run() {
    if (auto started = start(); !started) {
        fail(started.error());
        return outcome_;
    }
    while (!over_) {
        const std::vector<std::uint64_t> due = timers_.due(Clock::now());
        for (const std::uint64_t token : due) handle(token);
        if (over_) break;
        const auto patience = moving_.empty() ? timers_.until_next(Clock::now())
                                              : std::optional(std::chrono::milliseconds{0});
        for (const std::uint64_t token : watch_.wait(patience)) handle(token);
        for (std::size_t turns = moving_.size(); turns != 0 && !over_; --turns) {
            const std::uint64_t id = moving_.front();
            moving_.pop_front();
            give_turn(id, Clock::now());
        }
    }
    return outcome_;
}

void Relay::handle(std::uint64_t token) {
    switch (token) {
        case token_signals: return take_signals();
        case token_bell: return take_errands();
        case token_left: return accept_left();
        case token_right: return accept_right();
        default: break;
    }
    // A session that moves already gets its turn anyway; one that is gone, none.
    if (std::find(moving_.begin(), moving_.end(), token) == moving_.end()) moving_.push_back(token);
}

void Relay::take_signals() {
    while (const auto signal = sys::next_signal(signals_.view())) {
        outcome_.signal = signal;
        observer_.log(LogLevel::notice, "exiting on signal " + std::to_string(*signal));
        over_ = true;
    }
}

void Relay::take_errands() {
    for (auto& [id, opened] : errands_.take()) {
        if (opened.which == Opened::Which::right) {
            opened_right(id, std::move(opened.stream));
        } else if (opened.stream) {
            arrived(std::move(*opened.stream), {});
        } else {
            fail(opened.stream.error());
            over_ = true;
        }
    }
}

bool Relay::room_for_another() const {
    const auto most = left_gate_->max_children();
    return !most || sessions_.size() + waiting_.size() < *most;
}

// The next client at a gate; nothing when none waits. A gate that nobody came to
// in time is closed.
std::optional<Accepted> Relay::next_client(std::optional<Gate>& gate, std::uint64_t token) {
    const Clock::time_point now = Clock::now();
    auto client = gate->next(now, observer_.log);
    if (client) {
        if (const auto deadline = gate->deadline()) timers_.set(token, *deadline);
        return std::move(*client);
    }
    fail(client.error());
    if (client.error().kind != Errc::timed_out) {
        timers_.set(token, now + std::chrono::seconds{1});
        return std::nullopt;
    }
    gate.reset();
    end_if_idle();
    return std::nullopt;
}

void Relay::accept_left() {
    while (left_gate_ && room_for_another()) {
        auto client = next_client(left_gate_, token_left);
        if (!client) return;
        if (!forks(left_)) left_gate_.reset();
        auto environment = client->environment();
        arrived(std::move(client->stream), std::move(environment));
    }
}

void Relay::accept_right() {
    if (!right_gate_) return;
    auto client = next_client(right_gate_, token_right);
    if (!right_gate_) over_ = true;
    if (!client) return;
    right_gate_.reset();
    opened_right(waiting_.begin()->first, std::move(client->stream));
}

void Relay::arrived(Stream left, std::vector<std::string> environment) {
    const std::uint64_t id = next_id_++;
    waiting_.emplace(id, std::move(left));
    // For one client the loop itself can wait at the right; for many each needs its own.
    if (!is_listener(right_) || forks(left_))
        return open_in_thread(id, Opened::Which::right, use_of_right(), std::move(environment));
    if (auto listening = listen_on(right_, right_gate_, token_right); !listening) {
        fail(listening.error());
        over_ = true;
    }
}

void Relay::opened_right(std::uint64_t id, Result<Stream> right) {
    auto left = waiting_.extract(id);
    if (right) return begin_session(id, std::move(left.mapped()), std::move(*right));
    fail(right.error());
    session_is_over();
}

void Relay::begin_session(std::uint64_t id, Stream left, Stream right) {
    auto session = Session::create(std::move(left), std::move(right), options_.session);
    if (!session) {
        fail(session.error());
        return session_is_over();
    }
    for (const FdView fd : (*session)->descriptors())
        if (auto watched = watch_.add(fd, id); !watched) fail(watched.error());
    sessions_.emplace(id, std::move(*session));
    moving_.push_back(id);
}

void Relay::give_turn(std::uint64_t id, Clock::time_point now) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    switch (found->second->advance(now)) {
        case Session::State::moving: moving_.push_back(id); break;
        case Session::State::finished: return end_session(id);
        case Session::State::waiting: break;
    }
    if (const auto deadline = found->second->deadline()) timers_.set(id, *deadline);
}

void Relay::end_session(std::uint64_t id) {
    const auto session = std::move(sessions_.extract(id).mapped());
    watch_.forget(id);
    if (observer_.report)
        for (const auto& direction : session->directions())
            for (const EndReport& report : direction->reports()) observer_.report(report);
    for (const Error& error : session->finish()) fail(error);
    session_is_over();
}

// Whoever waits in the backlog may come in now; without a listener it was the last.
void Relay::session_is_over() {
    if (left_gate_) return accept_left();
    end_if_idle();
}

void Relay::end_if_idle() {
    if (waiting_.empty() && sessions_.empty()) over_ = true;
}

}  // namespace

RelayOutcome run_relay(const Address& left, const Address& right, const RelayOptions& options,
                       const RelayObserver& observer) {
    auto errands = Errands<Opened>::create();
    auto watch = Watch::create();
    if (!errands || !watch) {
        observer.log(LogLevel::error, cause(errands ? watch.error() : errands.error()));
        return RelayOutcome{true, std::nullopt};
    }
    return Relay(left, right, options, observer, std::move(*errands), std::move(*watch)).run();
}

}  // namespace zc
