// One connection: two streams, and one or two directions between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "address/stream.hpp"
#include "kernel/fd.hpp"
#include "kernel/stop.hpp"
#include "relay/session_options.hpp"

namespace zc {

// Which of a session's two streams.
enum class Place : std::uint8_t { left, right };

// What a session has done.
struct SessionReport {
    Traffic to_right;
    Traffic to_left;
    // Everything that went wrong, each with its label; empty when all that was read
    // has been delivered.
    std::vector<Error> errors;
};

// For servers that bring their own accepted sockets: what zc-relay does with each of its
// connections. The end of one direction is passed on as a half-close and the other goes
// on; what fails is passed on as a reset, where the kernel has one, and never as an end.
//
// Owns    both streams, 16 KiB, and while there is bulk to move a pipe each way.
class Session {
public:
    using Clock = std::chrono::steady_clock;

    // Takes    two streams: of open_stream(), of a Listener, or adopt().
    // Errors   a descriptor that is closed; nothing to read, or nowhere to write.
    [[nodiscard]] static Result<Session> create(Stream left, Stream right,
                                                SessionOptions options = {});
    Session(Session&& other) noexcept;
    Session& operator=(Session&& other) noexcept;
    ~Session();

    // Runs it to its end.
    //
    // Blocks   until then, or until it is stopped: Errc::stopped is then the first error.
    [[nodiscard]] SessionReport run(const StopToken& stop = {});

    // The same step by step, for an event loop of the caller's.
    //
    // Returns  moving: call again soon; waiting: when any of wants() is ready, or at
    //          deadline(); finished: call finish().
    enum class State : std::uint8_t { moving, waiting, finished };
    State advance();
    [[nodiscard]] std::span<const Interest> wants() const;
    [[nodiscard]] std::optional<Clock::time_point> deadline() const;
    // Order    once, when advance() has said so; before, it ends the session where it is.
    [[nodiscard]] SessionReport finish();

private:
    struct Own;
    explicit Session(std::unique_ptr<Own> own);
    std::unique_ptr<Own> own_;
};

}  // namespace zc
