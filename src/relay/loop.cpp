#include "relay/loop.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace zc {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t id_of(std::uint64_t token) { return token / 2; }
constexpr Place place_of(std::uint64_t token) {
    return token % 2 == 0 ? Place::left : Place::right;
}
constexpr std::uint64_t token_bell = 2 * Loop::first_own - 1;

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create(Common& common) {
    auto errands = Errands<Mail>::create();
    if (!errands) return failure(errands.error());
    auto watch = Watch::create();
    if (!watch) return failure(watch.error());
    std::unique_ptr<Loop> loop(new Loop(common, std::move(*errands), std::move(*watch)));
    if (auto heard = loop->watch_.add(loop->errands_.bell(), token_bell); !heard)
        return failure(heard.error());
    return loop;
}

// What is under way ends where it is. Children get their end all at once.
Loop::~Loop() {
    for (auto& [id, running] : sessions_) running.session->abandon(Clock::now());
    for (auto& [id, waiting] : waiting_) waiting.client.left.spoil();
    for (auto& [id, running] : sessions_) (void)running.session->finish();
}

void Loop::take_in(Client client) {
    ++clients_;
    errands_.post(std::move(client));
}

void Loop::begin(Client client) {
    ++clients_;
    dial_for(std::move(client));
}

void Loop::call(std::function<void()> what) { errands_.post(std::move(what)); }

void Loop::stop() { errands_.post(Stop{}); }

void Loop::run(const std::function<void(std::uint64_t)>& owner) {
    while (!stopped_) {
        for (const std::uint64_t token : timers_.due(Clock::now())) due(token, owner);
        for (const sys::Event& event : next_events()) handle(event, owner);
        for (std::size_t turns = moving_.size(); turns != 0; --turns) {
            const std::uint64_t id = moving_.front();
            moving_.pop_front();
            give_turn(id, Clock::now());
        }
    }
}

// Kernel: who sleeps is woken late. A processor with nothing to do must be woken first,
// in a virtual machine even be given back to it: 20-40 us, where handing on a message
// takes 10. While short messages come faster than that we ask again instead of
// sleeping, for limits::busy_poll at most, and whoever else wants this processor has it
// in between. One that does not come in time is slept for.
// Test: "a relay that has nothing to do sleeps, also after a quick conversation".
std::span<const sys::Event> Loop::next_events() {
    const Clock::time_point now = Clock::now();
    const std::uint64_t moved = std::exchange(moved_bytes_, 0);
    const bool short_messages = moved != 0 && moved < resources_.buffer.size();
    if (!moving_.empty()) return watch_.wait(0ms);
    const bool busy = std::exchange(answers_are_quick_, false) && short_messages;
    while (busy && Clock::now() - now < limits::busy_poll) {
        const auto events = watch_.wait(0ms);
        answers_are_quick_ = !events.empty();
        if (answers_are_quick_) return events;
        std::this_thread::yield();
    }
    const auto events = watch_.wait(timers_.until_next(now));
    answers_are_quick_ = !busy && Clock::now() - now < limits::quick_answer;
    return events;
}

void Loop::due(std::uint64_t token, const std::function<void(std::uint64_t)>& owner) {
    if (token < first_own) return owner(token);
    const std::uint64_t id = id_of(token);
    if (const auto found = sessions_.find(id); found != sessions_.end())
        soon(id, found->second);
    else if (waiting_.contains(id))
        dial(id);
}

void Loop::handle(const sys::Event& event, const std::function<void(std::uint64_t)>& owner) {
    if (event.token == token_bell) return read_mail();
    if (event.token < first_own) return owner(event.token);
    const std::uint64_t id = id_of(event.token);
    if (const auto found = sessions_.find(id); found != sessions_.end()) {
        found->second.session->notice(place_of(event.token), event);
        soon(id, found->second);
    } else if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
        heard(id, waiting->second, event);
    }
}

void Loop::read_mail() {
    for (Mail& mail : errands_.take()) {
        if (std::holds_alternative<Stop>(mail)) {
            stopped_ = true;
        } else if (auto* client = std::get_if<Client>(&mail)) {
            dial_for(std::move(*client));
        } else if (auto* found = std::get_if<Found>(&mail)) {
            const auto waiting = waiting_.find(found->id);
            if (waiting == waiting_.end()) continue;
            waiting->second.away = false;
            waiting->second.connecting->found(std::move(found->addresses));
            dial(found->id);
        } else if (auto* opened = std::get_if<Done<Stream>>(&mail)) {
            opened->then(std::move(opened->what));
        } else if (auto* listens = std::get_if<Done<Listener>>(&mail)) {
            listens->then(std::move(listens->what));
        } else {
            std::get<std::function<void()>>(mail)();
        }
    }
}

void Loop::open_in_thread(const Address& address, Use use,
                          std::function<void(Result<Stream>)> then) {
    const OpenContext context{common_.options.family, {}};
    in_thread<Stream>([address, use, context] { return open_stream(address, use, context); },
                      std::move(then));
}

void Loop::listen_in_thread(const Address& address, std::function<void(Result<Listener>)> then) {
    const OpenContext context{common_.options.family, {}};
    in_thread<Listener>([address, context] { return open_listener(address, context); },
                        std::move(then));
}

bool Loop::forward_signal(int signal) {
    bool any = false;
    for (auto& [id, running] : sessions_) any |= running.session->forward_signal(signal);
    return any;
}

void Loop::begin_session(Stream left, Stream right) {
    ++clients_;
    start(next_id_++, std::move(left), std::move(right), {}, std::nullopt);
}

// Nobody is told of what a session waits for that is not watched: it would be deaf.
Result<void> Loop::watch_session(std::uint64_t id, const SessionWork& session,
                                 const Watched& watched) {
    for (const Place place : {Place::left, Place::right})
        for (const FdView fd : session.descriptors(place)) {
            if (fd == (place == Place::left ? watched.left : watched.right)) continue;
            if (auto added = watch_.add(fd, token_of(id, place)); !added) return added;
        }
    return {};
}

void Loop::start(std::uint64_t id, Stream left, Stream right, const Watched& watched,
                 std::optional<std::size_t> target) {
    auto session = SessionWork::create(std::move(left), std::move(right), resources_);
    const auto heard = session ? watch_session(id, **session, watched) : Result<void>();
    if (!session || !heard) {
        common_.fail(session ? heard.error() : session.error());
        if (session) (*session)->abandon(Clock::now());
        if (session) (void)(*session)->finish();
        if (target) common_.targets.ended(*target);
        watch_.forget(token_of(id, Place::left));
        watch_.forget(token_of(id, Place::right));
        return one_less();
    }
    for (const Place place : {Place::left, Place::right})
        if (watched.look_closely[place == Place::left ? 0 : 1])
            (*session)->notice(place, {.look_closely = true});
    ++common_.counters().running;
    ++common_.counters().begun;
    sessions_.emplace(
        id, Running{std::move(*session), false, target, {}, {}, watched.came, Clock::now()});
    give_turn(id, Clock::now());
}

// A session that moves already gets its turn anyway.
void Loop::soon(std::uint64_t id, Running& running) {
    if (!std::exchange(running.in_queue, true)) moving_.push_back(id);
}

void Loop::give_turn(std::uint64_t id, Clock::time_point now) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    Running& running = found->second;
    running.in_queue = false;
    const SessionWork::State state = running.session->advance(now);
    const auto count = [&](Ways way, Traffic& before, RelayCounters::Way& all) {
        const Traffic after = running.session->traffic(way);
        moved_bytes_ += after.bytes - before.bytes;
        all.add(std::exchange(before, after), after);
    };
    count(Ways::to_right, running.to_right, common_.counters().to_right);
    count(Ways::to_left, running.to_left, common_.counters().to_left);
    if (state == SessionWork::State::finished) return end_session(id);
    if (state == SessionWork::State::moving) soon(id, running);
    if (const auto deadline = running.session->deadline())
        timers_.set(token_of(id, Place::left), *deadline);
}

void Loop::end_session(std::uint64_t id) {
    const Running running = std::move(sessions_.extract(id).mapped());
    for (const Place place : {Place::left, Place::right}) watch_.forget(token_of(id, place));
    timers_.forget(token_of(id, Place::left));
    if (common_.wants_reports())
        for (const EndReport& report : running.session->reports()) common_.report(report);
    const auto errors = running.session->finish();
    if (common_.wants_summaries()) sum_up(running, errors);
    for (const Error& error : errors) common_.fail(error);
    if (running.target) common_.targets.ended(*running.target);
    --common_.counters().running;
    one_less();
}

void Loop::sum_up(const Running& running, const std::vector<Error>& errors) {
    SessionSummary summary;
    summary.left = running.session->label(Place::left);
    summary.right = running.session->label(Place::right);
    summary.to_right = running.session->traffic(Ways::to_right);
    summary.to_left = running.session->traffic(Ways::to_left);
    summary.elapsed = Clock::now() - running.began;
    summary.connect = running.began - running.came;
    for (const EndReport& report : running.session->reports())
        for (std::size_t i = 0; i < summary.bytes_by.size(); ++i)
            summary.bytes_by[i] += report.report.bytes_by[i];
    summary.errors = errors;
    common_.tell_session(summary);
}

void Loop::one_less() {
    --clients_;
    common_.client_is_done();
}

}  // namespace zc
