// How a session ends: limits of time, what its streams and children are given then.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "kernel/limits.hpp"
#include "relay/session_ways.hpp"

namespace zc {

// What was waited for when the time was over.
Error SessionWork::out_of_time(const std::string& source_text, const std::string& sink_text) const {
    const auto told = [](const std::string& text) {
        return Error::told(Errc::out_of_time, "poll", text);
    };
    for (const Way& it : ways_)
        if (waits_for_sink(it))
            return told(sink_text).at(Side::sink).about(it.direction->to().writer_label());
    for (const Way& it : ways_)
        if (it.direction && !it.direction->finished())
            return told(source_text).at(Side::source).about(it.direction->from().label());
    return told(source_text).about(streams_[0].label());
}

void SessionWork::expire(Clock::time_point now) {
    const SessionOptions& options = resources_->options;
    const auto text_of = [](std::chrono::milliseconds time) {
        return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
    };
    if (options.total_limit && now - began_ >= *options.total_limit) {
        const auto text = "it was waited for when " + text_of(*options.total_limit) + " were over";
        errors_.push_back(out_of_time(text, text));
        ended_ = true;
        return;
    }
    if (options.stall_limit && now - last_movement_ >= *options.stall_limit) {
        const auto time = text_of(*options.stall_limit);
        errors_.push_back(out_of_time("nothing came for " + time, "nothing was taken for " + time));
        ended_ = true;
        return;
    }
    const auto idle = now - last_movement_;
    const bool over_idle = options.idle_limit && idle >= *options.idle_limit;
    const bool over_half_closed = half_closed() && !undelivered() && options.half_closed_limit &&
                                  idle >= *options.half_closed_limit;
    if (!over_idle && !over_half_closed) return;
    ended_ = true;
    for (const Way& it : ways_)
        if (waits_for_sink(it))
            errors_.push_back(Error::told(Errc::timed_out, "poll",
                                          "took nothing for too long; bytes are undelivered")
                                  .at(Side::sink)
                                  .about(it.direction->to().writer_label()));
}

// Only where all has been delivered, and not for longer than -t or -T say.
bool SessionWork::must_linger(Clock::time_point now) {
    const SessionOptions& options = resources_->options;
    const auto limit = options.half_closed_limit ? options.half_closed_limit : options.idle_limit;
    const bool over = limit && now - last_movement_ >= *limit;
    const auto lingers = [this, over](Ways which) {
        const Way& it = way(which);
        if (over || !it.concluded || !it.direction->whole()) return false;
        // Who has been read to his end has nothing more to say.
        const Way& back = way(opposite(which));
        if (back.direction && !back.direction->ended_early()) return false;
        return streams_[index_of(sink_of(which))].must_linger();
    };
    if (!lingers(Ways::to_right) && !lingers(Ways::to_left)) return false;
    look_at_ = now + limits::linger_look;
    return true;
}

// A child whose streams have ended by themselves may take its time; one that is
// left before may not.
void SessionWork::close(Clock::time_point now) {
    closed_ = true;
    bool whole = errors_.empty();
    for (const Way& it : ways_) {
        if (!it.direction || !it.direction->finished()) continue;
        whole &= it.direction->whole();
        for (Error& error : it.direction->errors()) errors_.push_back(std::move(error));
    }
    if (!all_finished() || !errors_.empty())
        child_deadline_ = now;
    else if (half_closed() && resources_->options.half_closed_limit)
        child_deadline_ = now + *resources_->options.half_closed_limit;
    for (Stream& stream : streams_) {
        if (!whole) stream.spoil();
        if (auto closed = stream.close(); !closed) errors_.push_back(closed.error());
    }
}

bool SessionWork::forward_signal(int signal) {
    const bool left = streams_[0].forward_signal(signal);
    return streams_[1].forward_signal(signal) || left;
}

void SessionWork::abandon(Clock::time_point now) {
    ended_ = true;
    for (Stream& stream : streams_) stream.spoil();
    if (!closed_) close(now);
    for (Stream& stream : streams_) stream.end_child();
}

// A child that has had its time is told to end, and has some more for that.
bool SessionWork::waits_for_child(Clock::time_point now) {
    if (!streams_[0].child_runs() && !streams_[1].child_runs()) return false;
    if (!child_deadline_ || now < *child_deadline_) return true;
    if (std::exchange(children_told_, true)) return false;
    for (Stream& stream : streams_) stream.end_child();
    child_deadline_ = now + limits::child_grace;
    return true;
}

}  // namespace zc
