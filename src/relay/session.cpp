// A session is driven by edges: every descriptor is watched for input, room and
// hang-up once, for its whole life, and nothing is ever subscribed again.
//
// States of a direction, and what each waits for:
// - quiet: nothing is held, no pipe, no memory. It waits for input at its source.
// - moving: it has been given a turn and has not yet come to a stop; it gets
//   another without being asked.
// - waiting for its source: nothing is held. Between sockets no carrier is
//   borrowed, else not for longer than carrier_rest.
// - waiting for its sink: bytes are held. It waits for room, and for nothing else:
//   who holds bytes must never sleep on a source.
//
// Why no wake-up is lost. A direction says that it waits only after the kernel has
// answered EAGAIN for exactly the descriptor it names (path_io.hpp: or poll(2) has,
// for one that may not be made non-blocking), or has given a socket's reader less
// than it had room for. What makes that descriptor ready later is an edge, and it
// comes after the answer; epoll keeps it until this thread asks. An edge that is
// told while its direction moves says nothing new: it goes on until EAGAIN anyway.
// Three edges are not what they seem:
// - Room at the sink of a direction that waits for its source is no work for it, and
//   input at the source of one that waits for its sink neither: it will ask for both
//   when it goes on. Every event of a socket says all that is true of it.
// - A hang-up (or urgent data) and bytes may come as one edge: from then on a short
//   read proves nothing, and reading goes on until EAGAIN or the end.
// - EAGAIN of a splice into a carrier that holds bytes may mean that the carrier is
//   full, so the source is only asked while it is empty (path_carrier.cpp).
//
// How it ends. The end of a source, once all its bytes are delivered, is passed
// on as a half-close and the other direction goes on for as long as it takes
// (unless -t says how long). A failure ends the session, but for a direction
// that still writes a recording: that goes on to the end of its source. What has
// failed, or is ended from outside, is never passed on as an end: TCP connections
// are reset, children are ended.
#include "relay/session.hpp"

#include <algorithm>
#include <utility>

#include "kernel/limits.hpp"
#include "kernel/sys.hpp"
#include "relay/resources.hpp"
#include "relay/session_work.hpp"

namespace zc {

struct Session::Own {
    explicit Own(SessionOptions options)
        : budget(limits::session_pipe_bytes),
          resources(std::move(options), budget, limits::relay_buffer_bytes) {}

    PipeBudget budget;
    Resources resources;
    std::unique_ptr<SessionWork> work;
    std::vector<Interest> wants;
    bool finished = false;
};

Session::Session(std::unique_ptr<Own> own) : own_(std::move(own)) {}
Session::Session(Session&& other) noexcept = default;
Session& Session::operator=(Session&& other) noexcept = default;
Session::~Session() = default;

Result<Session> Session::create(Stream left, Stream right, SessionOptions options) {
    auto own = std::make_unique<Own>(std::move(options));
    auto work = SessionWork::create(std::move(left), std::move(right), own->resources);
    if (!work) return failure(work.error());
    own->work = std::move(*work);
    return Session(std::move(own));
}

// The work is made for edges; asked this way it is told that anything may have happened,
// and finds out by EAGAIN.
Session::State Session::advance() {
    SessionWork& work = *own_->work;
    sys::Event anything;
    anything.readable = anything.writable = anything.look_closely = true;
    for (const Place place : {Place::left, Place::right}) work.notice(place, anything);
    const auto state = work.advance(Clock::now());
    own_->wants.clear();
    if (state == SessionWork::State::waiting) work.wants(own_->wants);
    own_->finished = state == SessionWork::State::finished;
    if (own_->finished) return State::finished;
    return state == SessionWork::State::moving ? State::moving : State::waiting;
}

std::span<const Interest> Session::wants() const { return own_->wants; }

std::optional<Session::Clock::time_point> Session::deadline() const {
    return own_->work->deadline();
}

SessionReport Session::finish() {
    SessionWork& work = *own_->work;
    if (!own_->finished) work.abandon(Clock::now());
    SessionReport report;
    report.errors = work.finish();
    report.to_right = work.traffic(Ways::to_right);
    report.to_left = work.traffic(Ways::to_left);
    return report;
}

SessionReport Session::run(const StopToken& stop) {
    while (!stop.requested()) {
        const State state = advance();
        if (state == State::finished) return finish();
        if (state == State::moving) continue;
        std::vector<Interest> all(wants().begin(), wants().end());
        if (stop.possible()) all.push_back({stop.descriptor(), Readiness::readable});
        std::optional<std::chrono::milliseconds> limit;
        if (const auto until = deadline())
            limit = std::max(std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()),
                             std::chrono::milliseconds{0});
        (void)sys::wait(all, {}, limit);
    }
    auto report = finish();
    report.errors.insert(report.errors.begin(), Error::told(Errc::stopped, "poll", "stopped"));
    return report;
}

}  // namespace zc
