// A session is driven by edges: every descriptor is watched for input, room and
// hang-up once, for its whole life, and any edge gives both directions a turn.
//
// Why no wake-up is lost. A direction only says that it waits after the kernel
// has answered EAGAIN for exactly the descriptor it names (path_io.hpp: or
// poll(2) has, for one that may not be made non-blocking). What makes that
// descriptor ready later is an edge, and it comes after the answer. An edge that
// comes while a direction is moving says nothing new: it goes on until EAGAIN
// anyway. A direction that holds bytes waits for its sink, never for its source.
//
// How it ends. The end of a source, once all its bytes are delivered, is passed
// on as a half-close and the other direction goes on for as long as it takes
// (unless -t says how long). A failure ends the session, but for a direction
// that still writes a recording: that goes on to the end of its source.
#include "relay/session.hpp"

#include <algorithm>
#include <utility>

#include "kernel/sys.hpp"

namespace zc {

Result<std::unique_ptr<Session>> Session::create(Stream left, Stream right,
                                                 SessionOptions options) {
    std::unique_ptr<Session> session(
        new Session(std::move(left), std::move(right), std::move(options)));
    Result<void> added;
    if (session->options_.ways != Ways::to_left)
        added = session->add_direction(session->left_, session->right_,
                                       session->options_.record_to_right);
    if (added && session->options_.ways != Ways::to_right)
        added = session->add_direction(session->right_, session->left_,
                                       session->options_.record_to_left);
    if (!added) return failure(added.error());
    if (session->directions_.empty())
        return failure(
            Error::told(Errc::unavailable, "open", "nothing to read, or nowhere to write")
                .about(session->left_.label()));
    return session;
}

// A blocking pipe or terminal that is not ours must not be made non-blocking, and
// could only be written in the smallest pieces (path_io.cpp). Another description
// of it is ours to make as we like.
FdView Session::not_blocking(const Endpoint& sink) {
    const bool stops_loops =
        sink.facts.blocking == Blocking::yes &&
        (sink.facts.kind == FdKind::pipe || sink.facts.kind == FdKind::terminal);
    if (!stops_loops) return sink.fd;
    auto own = sys::reopen_nonblocking(sink.fd, Readiness::writable);
    if (!own) return sink.fd;
    return descriptions_.emplace_back(std::move(*own)).view();
}

Result<void> Session::add_direction(Stream& from, Stream& to,
                                    const std::optional<Endpoint>& recording) {
    if (!from.reader().valid() || !to.writer().valid()) return {};
    auto source = look_at(from.reader(), from.label());
    if (!source) return failure(source.error());
    auto sink = look_at(to.writer(), to.writer_label());
    if (sink) sink = look_at(not_blocking(*sink), to.writer_label());
    if (!sink) return failure(sink.error());
    DirectionOptions how;
    how.policy = options_.policy;
    how.limit = from.read_limit_bytes();
    how.at_end = from.ignores_end() ? AtEnd::look_again : AtEnd::finish;
    how.recording = recording;
    directions_.push_back(
        std::make_unique<Direction>(std::move(*source), std::move(*sink), std::move(how)));
    sinks_.push_back(&to);
    concluded_.push_back(false);
    return {};
}

std::vector<FdView> Session::descriptors() const {
    std::vector<FdView> all;
    for (const FdView fd : {left_.reader(), left_.writer(), left_.child_exit(), right_.reader(),
                            right_.writer(), right_.child_exit()})
        if (fd.valid() && std::find(all.begin(), all.end(), fd) == all.end()) all.push_back(fd);
    for (const Fd& description : descriptions_) all.push_back(description.view());
    return all;
}

std::size_t Session::open_directions() const {
    return static_cast<std::size_t>(
        std::count_if(directions_.begin(), directions_.end(),
                      [](const auto& direction) { return !direction->finished(); }));
}

void Session::conclude(std::size_t direction) {
    concluded_[direction] = true;
    const Direction& ended = *directions_[direction];
    if (ended.failed()) {
        ended_ = std::none_of(directions_.begin(), directions_.end(),
                              [](const auto& other) { return other->records(); });
        return;
    }
    // A reader sees the end only when our own description is closed, too.
    for (Fd& description : descriptions_)
        if (description.view() == ended.sink().fd) (void)description.close();
    if (auto passed_on = sinks_[direction]->end_writing(); !passed_on) {
        errors_.push_back(passed_on.error());
        ended_ = true;
    }
}

void Session::expire(Clock::time_point now) {
    const bool undelivered = std::any_of(directions_.begin(), directions_.end(),
                                         [](const auto& way) { return way->waits_for_sink(); });
    const auto idle = now - last_movement_;
    const bool half_closed = open_directions() < directions_.size();
    const bool over_idle = options_.idle_limit && idle >= *options_.idle_limit;
    const bool over_half_closed = half_closed && !undelivered && options_.half_closed_limit &&
                                  idle >= *options_.half_closed_limit;
    if (!over_idle && !over_half_closed) return;
    ended_ = true;
    if (!undelivered) return;
    for (const auto& way : directions_)
        if (way->waits_for_sink())
            errors_.push_back(Error::told(Errc::timed_out, "poll",
                                          "took nothing for too long; bytes are undelivered")
                                  .at(Side::sink)
                                  .about(way->sink().label));
}

void Session::move(Clock::time_point now) {
    expire(now);
    moving_ = false;
    look_at_.reset();
    for (std::size_t i = 0; i < directions_.size() && !ended_; ++i) {
        Direction& direction = *directions_[i];
        if (concluded_[i]) continue;
        const Progress progress = direction.advance();
        if (progress.state == Progress::State::moving) moving_ = true;
        if (direction.moved_in_turn()) last_movement_ = now;
        if (progress.look_after) look_at_ = now + *progress.look_after;
        if (direction.finished()) conclude(i);
    }
    if (open_directions() == 0) ended_ = true;
}

// A child whose streams have ended by themselves may take its time; one that is
// left before may not.
void Session::close(Clock::time_point now) {
    closed_ = true;
    for (const auto& direction : directions_)
        if (direction->finished())
            for (Error& error : direction->errors()) errors_.push_back(std::move(error));
    if (open_directions() != 0 || !errors_.empty())
        child_deadline_ = now;
    else if (options_.half_closed_limit)
        child_deadline_ = now + *options_.half_closed_limit;
    for (Stream* stream : {&left_, &right_})
        if (auto closed = stream->close(); !closed) errors_.push_back(closed.error());
}

bool Session::waits_for_child(Clock::time_point now) const {
    if (child_deadline_ && now >= *child_deadline_) return false;
    return left_.child_runs() || right_.child_runs();
}

Session::State Session::advance(Clock::time_point now) {
    if (!ended_) move(now);
    if (!ended_) return moving_ ? State::moving : State::waiting;
    if (!closed_) close(now);
    return waits_for_child(now) ? State::waiting : State::finished;
}

std::optional<Session::Clock::time_point> Session::deadline() const {
    if (closed_) return child_deadline_;
    std::optional<Clock::time_point> first = look_at_;
    const auto no_later_than = [&first](Clock::time_point when) {
        if (!first || when < *first) first = when;
    };
    if (options_.idle_limit) no_later_than(last_movement_ + *options_.idle_limit);
    const bool half_closed = open_directions() < directions_.size();
    if (half_closed && options_.half_closed_limit)
        no_later_than(last_movement_ + *options_.half_closed_limit);
    return first;
}

std::vector<Error> Session::finish() {
    for (Stream* stream : {&left_, &right_})
        if (auto finished = stream->finish(std::chrono::milliseconds{0}); !finished)
            errors_.push_back(finished.error());
    return std::exchange(errors_, {});
}

}  // namespace zc
