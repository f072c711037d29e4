// The part of a loop that finds a client its right-hand side.
#include <cerrno>
#include <utility>

#include "relay/loop.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

// How often a client that waits for a descriptor tries again.
constexpr auto descriptors_look = 20ms;

bool no_descriptors(const Error& error) {
    return error.code == EMFILE || error.code == ENFILE || error.code == ENOBUFS;
}

}  // namespace

void Loop::dial_for(Client client) {
    const std::uint64_t id = next_id_++;
    const auto targets = common_.targets.order(Clock::now());
    waiting_.emplace(id, Waiting{std::move(client), {targets.rbegin(), targets.rend()}, {}});
    dial(id);
}

// Goes on with finding a right-hand side.
void Loop::dial(std::uint64_t id) {
    Waiting& waiting = waiting_.at(id);
    if (waiting.away) return;
    if (!waiting.connecting) return begin_dialling(id, waiting);
    wait_for_connection(id, waiting);
}

void Loop::begin_dialling(std::uint64_t id, Waiting& waiting) {
    const Address& target = common_.targets.at(waiting.targets.back());
    const Use use = common_.use_of(Place::right);
    OpenContext context{common_.options.family, waiting.client.environment};
    if (is_nofork(target))
        return dialled(id, spawn_onto(target, waiting.client.left, use, context));
    if (!target.write && Connecting::suits(target.read)) {
        waiting.connecting.emplace(target.read, use, context);
        waiting.watched = 0;
        return wait_for_connection(id, waiting);
    }
    waiting.away = true;
    errands_.run([this, id, target, use, context = std::move(context)] {
        return Mail(Opened{[this, id](Result<Stream> right) { dialled(id, std::move(right)); },
                           open_stream(target, use, context)});
    });
}

void Loop::wait_for_connection(std::uint64_t id, Waiting& waiting) {
    Connecting& connecting = *waiting.connecting;
    switch (connecting.advance(Clock::now())) {
        case Connecting::State::look_up:
            waiting.away = true;
            errands_.run([id, lookup = connecting.lookup()] { return Mail(Found{id, lookup()}); });
            return;
        case Connecting::State::wait: break;
        case Connecting::State::connected:
            return dialled(id, connecting.take().map(
                                   [](StreamParts parts) { return Stream(std::move(parts)); }));
        case Connecting::State::failed: return not_dialled(id, connecting.error());
    }
    if (connecting.pauses()) common_.tell(LogLevel::info, named(waiting, connecting.error()));
    if (const auto deadline = connecting.deadline())
        timers_.set(token_of(id, Place::left), *deadline);
    const FdView socket = connecting.socket();
    if (!socket.valid() || waiting.watched == connecting.attempt()) return;
    waiting.watched = connecting.attempt();
    if (auto watched = watch_.add(socket, token_of(id, Place::right)); !watched)
        not_dialled(id, watched.error());
}

void Loop::dialled(std::uint64_t id, Result<Stream> right) {
    if (!right) return not_dialled(id, right.error());
    auto node = waiting_.extract(id);
    Waiting& waiting = node.mapped();
    is_fed(waiting);
    const bool watched = waiting.connecting && waiting.watched != 0 &&
                         waiting.watched == waiting.connecting->attempt();
    const FdView already =
        watched ? right->reader().valid() ? right->reader() : right->writer() : FdView();
    start(id, std::move(waiting.client.left), std::move(*right), already, waiting.targets.back());
}

// With the target's name, where it has none.
Error Loop::named(const Waiting& waiting, const Error& error) const {
    if (!error.subject.empty()) return error;
    return error.about(label_of(common_.targets.at(waiting.targets.back()).read));
}

// A client that is in is not sent away because others have all the descriptors: one
// of them will end. Only where nobody runs there is nothing to wait for.
bool Loop::waits_for_descriptors(std::uint64_t id, Waiting& waiting, const Error& error) {
    if (!no_descriptors(error) || common_.running == 0) return false;
    resources_.carriers.clear();
    if (!std::exchange(waiting.starved, true)) ++common_.starved;
    timers_.set(token_of(id, Place::left), Clock::now() + descriptors_look);
    return true;
}

void Loop::is_fed(Waiting& waiting) {
    if (std::exchange(waiting.starved, false)) --common_.starved;
}

// The next target may do; without one the client goes.
void Loop::not_dialled(std::uint64_t id, const Error& error) {
    Waiting& waiting = waiting_.at(id);
    waiting.away = false;
    const std::size_t target = waiting.targets.back();
    const Error told = named(waiting, error);
    waiting.connecting.reset();
    if (waits_for_descriptors(id, waiting, error)) return;
    is_fed(waiting);
    common_.targets.refused(target, Clock::now());
    waiting.targets.pop_back();
    if (!waiting.targets.empty()) {
        common_.tell(LogLevel::warning, told);
        return dial(id);
    }
    common_.fail(told);
    waiting.client.left.spoil();
    waiting_.erase(id);
    one_less();
}

}  // namespace zc
