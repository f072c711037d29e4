// The essay is in session.cpp.
#include <algorithm>
#include <utility>

#include "kernel/limits.hpp"
#include "kernel/sys.hpp"
#include "relay/session_ways.hpp"

namespace zc {

Result<std::unique_ptr<SessionWork>> SessionWork::create(Stream left, Stream right,
                                                         Resources& resources) {
    std::unique_ptr<SessionWork> session(
        new SessionWork(std::move(left), std::move(right), resources));
    for (const Ways way : both_ways)
        if (resources.options.ways == Ways::both || resources.options.ways == way)
            if (auto added = session->add_direction(way); !added)
                return session->refused(added.error());
    const bool moves = session->ways_[0].direction || session->ways_[1].direction;
    if (!moves && !session->streams_[1].child_exit().valid())
        return session->refused(
            Error::told(Errc::unavailable, "open", "nothing to read, or nowhere to write")
                .about(session->streams_[0].label()));
    return session;
}

// Nobody takes it for an end that was meant.
Failure SessionWork::refused(const Error& error) {
    for (Stream& stream : streams_) stream.spoil();
    return failure(error);
}

// A blocking pipe or terminal that is not ours must not be made non-blocking, and
// could only be written in the smallest pieces (path_io.cpp). Another description
// of it is ours to make as we like.
Result<FdView> SessionWork::not_blocking(const Stream& to, Place place) {
    if (to.own_kind()) return to.writer();
    const auto facts = classify(to.writer());
    if (!facts) return failure(facts.error().about(to.writer_label()));
    const bool stops_loops = facts->blocking == Blocking::yes &&
                             (facts->kind == FdKind::pipe || facts->kind == FdKind::terminal);
    if (!stops_loops) return to.writer();
    auto own = sys::reopen_nonblocking(to.writer(), Readiness::writable);
    if (!own) return to.writer();
    return descriptions_.emplace_back(Description{std::move(*own), place}).fd.view();
}

Result<void> SessionWork::add_direction(Ways which) {
    const Stream& from = streams_[index_of(source_of(which))];
    const Stream& to = streams_[index_of(sink_of(which))];
    if (!from.reader().valid() || !to.writer().valid()) return {};
    const auto sink = not_blocking(to, sink_of(which));
    if (!sink) return failure(sink.error());
    auto made = Direction::create(which, from, to, *sink, *resources_);
    if (!made) return failure(made.error());
    way(which).direction = std::move(*made);
    return {};
}

std::vector<FdView> SessionWork::descriptors(Place place) const {
    const Stream& stream = streams_[index_of(place)];
    std::vector<FdView> all;
    for (const FdView fd : {stream.reader(), stream.writer(), stream.child_exit()})
        if (fd.valid() && std::find(all.begin(), all.end(), fd) == all.end()) all.push_back(fd);
    for (const Description& each : descriptions_)
        if (each.place == place) all.push_back(each.fd.view());
    return all;
}

void SessionWork::wants(std::vector<Interest>& into) const {
    for (const Way& it : ways_) {
        if (!it.direction || it.direction->finished()) continue;
        const Direction& way = *it.direction;
        into.push_back(way.waits_for_sink() ? Interest{way.sink(), Readiness::writable}
                                            : Interest{way.from().reader(), Readiness::readable});
    }
    for (const Stream& stream : streams_)
        if (stream.child_exit().valid() && stream.child_runs())
            into.push_back({stream.child_exit(), Readiness::readable});
}

void SessionWork::notice(Place place, const sys::Event& event) {
    for (const Ways which : both_ways) {
        Way& it = way(which);
        if (!it.direction) continue;
        if (source_of(which) == place) {
            if (event.look_closely) it.direction->look_closely();
            const bool input = event.readable || event.look_closely;
            if (input && !it.direction->waits_for_sink()) it.has_work = true;
        } else if (event.look_closely || (event.writable && it.direction->waits_for_sink())) {
            it.has_work = true;
        }
    }
}

bool SessionWork::half_closed() const {
    return std::any_of(ways_.begin(), ways_.end(),
                       [](const Way& it) { return it.direction && it.direction->finished(); });
}

bool SessionWork::all_finished() const {
    return std::all_of(ways_.begin(), ways_.end(),
                       [](const Way& it) { return !it.direction || it.direction->finished(); });
}

void SessionWork::conclude(Ways which) {
    way(which).concluded = true;
    const Direction& ended = *way(which).direction;
    if (!ended.whole()) {
        ended_ = std::none_of(ways_.begin(), ways_.end(), [](const Way& other) {
            return other.direction && other.direction->records();
        });
        return;
    }
    // What is closed at once, because the other way has ended already, ends by that; only
    // of a TCP connection must be asked whether it is still there.
    const auto kind = ended.to().own_kind();
    if (all_finished() && kind && *kind != FdKind::tcp_socket && way(opposite(which)).direction)
        return;
    const bool over = ended.to().ends_both_ways();
    // A reader sees the end only when our own description is closed, too.
    for (Description& each : descriptions_)
        if (each.fd.view() == ended.sink()) (void)each.fd.close();
    if (auto passed_on = streams_[index_of(sink_of(which))].end_writing(); !passed_on) {
        errors_.push_back(passed_on.error());
        ended_ = true;
    }
    ended_ |= over;
}

// `shut-close` of one descriptor takes the other way's source away: what that way
// holds goes first.
bool SessionWork::may_conclude(Ways which) const {
    const Way& other = way(opposite(which));
    const bool cuts = way(which).direction->to().ends_both_ways() && other.direction;
    return !cuts || other.direction->finished() || !other.direction->holds_bytes();
}

bool SessionWork::waits_for_sink(const Way& it) {
    return it.direction && it.direction->waits_for_sink();
}

bool SessionWork::undelivered() const {
    return std::any_of(ways_.begin(), ways_.end(), waits_for_sink);
}

void SessionWork::look_no_later_than(Clock::time_point when) {
    look_at_ = look_at_ ? std::min(*look_at_, when) : when;
}

void SessionWork::give_turn(Ways which, Clock::time_point now) {
    Way& it = way(which);
    if (!it.direction || it.direction->finished() || !it.has_work || ended_) return;
    const Progress progress = it.direction->advance();
    it.has_work = progress.state == Progress::State::moving;
    if (it.has_work) moving_ = true;
    if (it.direction->moved_in_turn()) last_movement_ = now;
    if (progress.look_after) look_no_later_than(now + *progress.look_after);
    if (!it.direction->finished() && !rest_at_ && it.direction->could_rest())
        rest_at_ = now + limits::carrier_rest;
}

void SessionWork::move(Clock::time_point now) {
    expire(now);
    moving_ = false;
    if (look_at_ && now >= *look_at_) {
        look_at_.reset();
        for (Way& it : ways_) it.has_work = true;
    }
    if (rest_at_ && now >= *rest_at_) {
        rest_at_.reset();
        const bool still = now - last_movement_ >= limits::carrier_rest;
        for (const Way& it : ways_) {
            if (!it.direction || !it.direction->could_rest()) continue;
            if (still)
                it.direction->rest();
            else
                rest_at_ = last_movement_ + limits::carrier_rest;
        }
    }
    for (const Ways which : both_ways) {
        give_turn(which, now);
        for (const Ways each : both_ways) {
            const Way& it = way(each);
            if (it.direction && it.direction->finished() && !it.concluded && may_conclude(each))
                conclude(each);
        }
    }
    if (all_finished()) ended_ = true;
}

SessionWork::State SessionWork::advance(Clock::time_point now) {
    if (!ended_) move(now);
    if (!ended_) return moving_ ? State::moving : State::waiting;
    if (!closed_ && must_linger(now)) return State::waiting;
    if (!closed_) close(now);
    return waits_for_child(now) ? State::waiting : State::finished;
}

std::optional<SessionWork::Clock::time_point> SessionWork::deadline() const {
    if (closed_) return child_deadline_;
    std::optional<Clock::time_point> first;
    const auto no_later_than = [&first](Clock::time_point when) {
        if (!first || when < *first) first = when;
    };
    const SessionOptions& options = resources_->options;
    if (look_at_) no_later_than(*look_at_);
    if (ended_) return first;  // it lingers
    if (rest_at_) no_later_than(*rest_at_);
    if (options.idle_limit) no_later_than(last_movement_ + *options.idle_limit);
    if (options.stall_limit) no_later_than(last_movement_ + *options.stall_limit);
    if (options.total_limit) no_later_than(began_ + *options.total_limit);
    if (options.half_closed_limit && half_closed() && !undelivered())
        no_later_than(last_movement_ + *options.half_closed_limit);
    return first;
}

std::vector<Error> SessionWork::finish() {
    for (Stream& stream : streams_)
        if (auto finished = stream.finish(std::chrono::milliseconds{0}); !finished)
            errors_.push_back(finished.error());
    return std::exchange(errors_, {});
}

std::vector<EndReport> SessionWork::reports() const {
    std::vector<EndReport> all;
    for (const Way& it : ways_)
        if (it.direction)
            for (EndReport& each : it.direction->reports()) all.push_back(std::move(each));
    return all;
}

Traffic SessionWork::traffic(Ways which) const {
    return way(which).direction ? way(which).direction->traffic() : Traffic{};
}

}  // namespace zc
