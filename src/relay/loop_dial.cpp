// The part of a loop that finds a client its right-hand side.
#include <cerrno>
#include <string_view>
#include <utility>

#include "relay/loop.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

// How often a client that waits for a descriptor tries again.
constexpr auto descriptors_look = 20ms;

// A session that ends makes room for another: descriptors, threads (EAGAIN).
bool no_room(const Error& error) {
    return error.code == EMFILE || error.code == ENFILE || error.code == ENOBUFS ||
           (error.code == EAGAIN && std::string_view(error.operation) == "clone");
}

}  // namespace

void Loop::dial_for(Client client) {
    const std::uint64_t id = next_id_++;
    const auto targets = common_.targets.order(Clock::now());
    waiting_.emplace(id, Waiting{std::move(client), {targets.rbegin(), targets.rend()}, {}});
    dial(id);
}

// What an event says of the time before there is a session; no other will say it again.
void Loop::heard(std::uint64_t id, Waiting& waiting, const sys::Event& event) {
    const bool is_left = token_of(id, Place::left) == event.token;
    waiting.look_closely[is_left ? 0 : 1] |= event.look_closely;
    if (!is_left) return dial(id);
    if (event.hung_up && !waiting.away) client_left(id);
}

// While a server is tried again and again its clients leave: each would keep a
// descriptor, and be connected for nobody in the end.
void Loop::watch_left(std::uint64_t id, Waiting& waiting) {
    const Stream& left = waiting.client.left;
    if (waiting.left_watched || !left.own_kind() || !left.reader().valid()) return;
    waiting.left_watched = watch_.add(left.reader(), token_of(id, Place::left)).has_value();
}

void Loop::client_left(std::uint64_t id) {
    Waiting& waiting = waiting_.at(id);
    common_.log(LogLevel::info, waiting.client.left.label() + ": left before it had a server");
    if (waiting.begun) common_.targets.ended(waiting.targets.back());
    is_fed(waiting);
    timers_.forget(token_of(id, Place::left));
    waiting_.erase(id);
    one_less();
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
    if (!std::exchange(waiting.begun, true)) common_.targets.begun(waiting.targets.back());
    if (is_nofork(target))
        return dialled(id, spawn_onto(target, waiting.client.left, use, context));
    if (!target.write && Connecting::suits(target.read)) {
        waiting.connecting.emplace(target.read, use, context);
        waiting.watched = 0;
        return wait_for_connection(id, waiting);
    }
    waiting.away = true;
    in_thread<Stream>([target, use, context] { return open_stream(target, use, context); },
                      [this, id](Result<Stream> right) { dialled(id, std::move(right)); });
}

void Loop::wait_for_connection(std::uint64_t id, Waiting& waiting) {
    Connecting& connecting = *waiting.connecting;
    switch (connecting.advance(Clock::now())) {
        case Connecting::State::look_up:
            waiting.away = true;
            if (auto begun = errands_.run([id, lookup = connecting.lookup()] {
                    return Mail(Found{id, lookup()});
                });
                !begun)
                not_dialled(id, begun.error());
            return;
        case Connecting::State::wait: break;
        case Connecting::State::connected:
            return dialled(id, connecting.take().map(
                                   [](StreamParts parts) { return Stream(std::move(parts)); }));
        case Connecting::State::failed: return not_dialled(id, connecting.error());
    }
    if (connecting.pauses()) {
        common_.tell(LogLevel::info, named(waiting, connecting.error()));
        watch_left(id, waiting);
    }
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
    Watched already{{}, {}, waiting.look_closely, waiting.client.came};
    if (watched) already.right = right->reader().valid() ? right->reader() : right->writer();
    if (waiting.left_watched) already.left = waiting.client.left.reader();
    timers_.forget(token_of(id, Place::left));
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
    if (!no_room(error) || common_.counters().running == 0) return false;
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
    waiting.look_closely[1] = false;
    if (waits_for_descriptors(id, waiting, told)) return;
    is_fed(waiting);
    if (std::exchange(waiting.begun, false)) common_.targets.ended(target);
    common_.targets.refused(target, Clock::now());
    waiting.targets.pop_back();
    if (!waiting.targets.empty()) {
        common_.tell(LogLevel::warning, told);
        return dial(id);
    }
    common_.fail(told);
    waiting.client.left.spoil();
    timers_.forget(token_of(id, Place::left));
    waiting_.erase(id);
    one_less();
}

}  // namespace zc
