// The relay's own part of the first loop: the left side, signals, and the end. Who is let
// in is in relay_accept.cpp.
#include "relay/relay.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>
#include <utility>

#include "kernel/sys_event.hpp"
#include "kernel/sys_proc.hpp"
#include "relay/relay_work.hpp"

namespace zc {
namespace {

using Clock = SessionWork::Clock;
using namespace std::chrono_literals;

constexpr std::array heard{SIGTERM, SIGINT, SIGHUP, SIGUSR1};

}  // namespace

// Names and `retry` may take long, and signals are heard meanwhile.
void RelayWork::listen_on(const Address& address, std::optional<Gate>& gate, std::uint64_t token) {
    here().listen_in_thread(address, [this, &gate, token](Result<Listener> listener) {
        if (ended_by_) return;
        const auto opened = std::move(listener).and_then(
            [&](Listener socket) { return open_gate(std::move(socket), gate, token); });
        if (opened) return;
        common_.fail(opened.error());
        stop();
    });
}

Result<void> RelayWork::open_gate(Listener listener, std::optional<Gate>& gate,
                                  std::uint64_t token) {
    const Place place = token == token_left ? Place::left : Place::right;
    gate.emplace(std::move(listener), common_.use_of(place));
    common_.log(LogLevel::notice, "listening on " + gate->at());
    if (const auto deadline = gate->deadline()) here().timers().set(token, *deadline);
    return here().watch().add(gate->socket(), token);
}

Result<void> RelayWork::start() {
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

RelayOutcome RelayWork::run() {
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

void RelayWork::stop() {
    for (const auto& loop : loops_) loop->stop();
}

void RelayWork::handle(std::uint64_t token) {
    switch (token) {
        case token_signals: return take_signals();
        case token_left: return accept_left();
        case token_right: return accept_right();
        default: return stop();  // the time to drain is over
    }
}

void RelayWork::take_signals() {
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
bool RelayWork::forwarded(int signal) {
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
void RelayWork::leave_on(int signal) {
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

void block_relay_signals() { (void)sys::take_signals(heard); }

RelayOutcome run_relay(const Address& left, const std::vector<Address>& right,
                       const RelayOptions& options, const RelayObserver& observer) {
    return RelayWork(left, right, options, observer).run();
}

}  // namespace zc
