// One connection: two streams, and one or two directions between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "address/stream.hpp"
#include "relay/direction.hpp"

namespace zc {

// Which way bytes go: -u is to_right, -U is to_left.
enum class Ways : std::uint8_t { both, to_right, to_left };

struct SessionOptions {
    Ways ways = Ways::both;
    Policy policy;
    // -t: the longest time without movement once one direction has ended.
    std::optional<std::chrono::milliseconds> half_closed_limit;
    // -T: the longest time without movement.
    std::optional<std::chrono::milliseconds> idle_limit;
    std::optional<Endpoint> record_to_right;  // -r: every byte that goes right, too
    std::optional<Endpoint> record_to_left;   // -R
};

// Owns    both streams. Nothing of it sleeps but finish().
class Session {
public:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { moving, waiting, finished };

    // Takes    two streams; a direction that `options.ways` allows and one of them
    //          has no descriptor for (STDOUT cannot be read) is left out.
    // Errors   a descriptor that is closed; no direction at all.
    [[nodiscard]] static Result<std::unique_ptr<Session>> create(Stream left, Stream right,
                                                                 SessionOptions options);

    // Gives both directions a turn; when they have ended, closes both streams and
    // waits for their children.
    //
    // Returns  moving: call again soon; waiting: when one of descriptors() has
    //          changed or deadline() has passed; finished: call finish().
    State advance(Clock::time_point now);

    // Everything this session may wait for; each is to be watched for every
    // edge of readiness, from before the first advance().
    [[nodiscard]] std::vector<FdView> descriptors() const;
    [[nodiscard]] std::optional<Clock::time_point> deadline() const;

    // Order    once, when advance() has said so.
    // Returns  everything that went wrong, each with its label; empty when all
    //          that was read has been delivered.
    // Blocks   for a child that has to be ended, see Stream::finish.
    [[nodiscard]] std::vector<Error> finish();

    [[nodiscard]] const std::vector<std::unique_ptr<Direction>>& directions() const {
        return directions_;
    }

private:
    Session(Stream left, Stream right, SessionOptions options)
        : left_(std::move(left)), right_(std::move(right)), options_(std::move(options)) {}
    [[nodiscard]] Result<void> add_direction(Stream& from, Stream& to,
                                             const std::optional<Endpoint>& recording);
    [[nodiscard]] FdView not_blocking(const Endpoint& sink);
    void conclude(std::size_t direction);
    void expire(Clock::time_point now);
    [[nodiscard]] std::size_t open_directions() const;
    void move(Clock::time_point now);
    void close(Clock::time_point now);
    [[nodiscard]] bool waits_for_child(Clock::time_point now) const;

    Stream left_;
    Stream right_;
    SessionOptions options_;
    std::vector<std::unique_ptr<Direction>> directions_;
    std::vector<Stream*> sinks_;    // of each direction
    std::vector<Fd> descriptions_;  // of inherited sinks: ours, so non-blocking
    std::vector<bool> concluded_;   // its end has been passed on
    std::vector<Error> errors_;
    Clock::time_point last_movement_ = Clock::now();
    std::optional<Clock::time_point> look_at_;
    std::optional<Clock::time_point> child_deadline_;
    bool moving_ = false;
    bool ended_ = false;   // nothing moves any more
    bool closed_ = false;  // the streams are closed; only children may be left
};

}  // namespace zc
