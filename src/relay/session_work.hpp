// The work of a Session, which is its face; an event loop of the relay's drives it by edges.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "address/stream.hpp"
#include "kernel/sys_event.hpp"
#include "relay/direction.hpp"
#include "relay/session.hpp"

namespace zc {

// Owns    both streams. Nothing of it sleeps but finish() after abandon().
class SessionWork {
public:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { moving, waiting, finished };

    // Takes    two streams, and resources that outlive it; a direction that the
    //          options allow and one of the streams has no descriptor for (STDOUT
    //          cannot be read) is left out.
    // Errors   a descriptor that is closed; no direction at all, and no child that
    //          moves bytes by itself (`nofork`).
    [[nodiscard]] static Result<std::unique_ptr<SessionWork>> create(Stream left, Stream right,
                                                                     Resources& resources);

    // An event of one of descriptors(place).
    void notice(Place place, const sys::Event& event);

    // Gives the directions that may have something to do a turn; when they have
    // ended, closes both streams and waits for their children.
    //
    // Returns  moving: call again soon; waiting: after the next notice() or when
    //          deadline() has passed; finished: call finish().
    State advance(Clock::time_point now);

    // Everything this session may wait for at that place; each is to be watched for
    // every edge of readiness, from before the first advance().
    [[nodiscard]] std::vector<FdView> descriptors(Place place) const;
    [[nodiscard]] std::optional<Clock::time_point> deadline() const;
    // What its directions wait for now, for whoever asks poll(2) instead.
    void wants(std::vector<Interest>& into) const;

    // To its children that asked for it (`sigint`); whether there was one.
    bool forward_signal(int signal);

    // Ends it where it is. Nobody takes the rest for the whole: see Stream::spoil().
    void abandon(Clock::time_point now);

    // Order    once, when advance() has said so, or after abandon().
    // Returns  everything that went wrong, each with its label; empty when all
    //          that was read has been delivered.
    // Blocks   after abandon(), for children, see Stream::finish.
    [[nodiscard]] std::vector<Error> finish();

    [[nodiscard]] std::vector<EndReport> reports() const;
    [[nodiscard]] const std::string& label(Place place) const {
        return streams_[place == Place::left ? 0 : 1].label();
    }
    [[nodiscard]] Traffic traffic(Ways way) const;

private:
    struct Description {  // of an inherited sink: ours, so non-blocking
        Fd fd;
        Place place;
    };
    SessionWork(Stream left, Stream right, Resources& resources)
        : streams_{std::move(left), std::move(right)}, resources_(&resources) {}
    [[nodiscard]] Result<void> add_direction(Ways way);
    [[nodiscard]] Result<FdView> not_blocking(const Stream& to, Place place);
    [[nodiscard]] Failure refused(const Error& error);
    [[nodiscard]] bool may_conclude(Ways way) const;
    void conclude(Ways way);
    void look_no_later_than(Clock::time_point when);
    void expire(Clock::time_point now);
    [[nodiscard]] Error out_of_time(const std::string& source_text,
                                    const std::string& sink_text) const;
    [[nodiscard]] bool half_closed() const;
    [[nodiscard]] bool undelivered() const;
    [[nodiscard]] bool all_finished() const;
    void move(Clock::time_point now);
    void give_turn(Ways way, Clock::time_point now);
    [[nodiscard]] bool must_linger(Clock::time_point now);
    void close(Clock::time_point now);
    [[nodiscard]] bool waits_for_child(Clock::time_point now);

    // By Ways: what goes right, what goes left.
    struct Way {
        std::unique_ptr<Direction> direction;
        bool has_work = true;
        bool concluded = false;  // its end has been passed on
    };
    [[nodiscard]] static bool waits_for_sink(const Way& it);
    [[nodiscard]] Way& way(Ways which) { return ways_[which == Ways::to_right ? 0 : 1]; }
    [[nodiscard]] const Way& way(Ways which) const {
        return ways_[which == Ways::to_right ? 0 : 1];
    }

    std::array<Stream, 2> streams_;  // by Place
    Resources* resources_;
    std::array<Way, 2> ways_;
    std::vector<Description> descriptions_;
    std::vector<Error> errors_;
    Clock::time_point began_ = Clock::now();
    Clock::time_point last_movement_ = began_;
    std::optional<Clock::time_point> look_at_;
    std::optional<Clock::time_point> rest_at_;
    std::optional<Clock::time_point> child_deadline_;
    bool moving_ = false;
    bool children_told_ = false;  // to end
    bool ended_ = false;          // nothing moves any more
    bool closed_ = false;         // the streams are closed; only children may be left
};

}  // namespace zc
