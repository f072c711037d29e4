// A connection that is being made, step by step; for an event loop of the caller's.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "address/open.hpp"

namespace zc {

// What looking a name up has brought.
using Lookup = Result<std::vector<SocketAddress>>;

// Every address of a name in its turn, each for `connect-timeout` at most; all of
// them again as `retry`, `forever` and `interval` say.
//
// Takes    a TCP or UNIX address to connect to, which must outlive it.
// Owns     the socket, until take().
// Blocks   never; but for a bind= with a name in it, which is looked up.
class Connecting {
public:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t {
        look_up,    // call lookup() somewhere where it may block, and found() with its answer
        wait,       // until socket() is writable, if it is valid, or deadline() has come
        connected,  // take() it
        failed      // error() tells why
    };

    [[nodiscard]] static bool suits(const SimpleAddress& address);
    Connecting(const SimpleAddress& address, Use use, const OpenContext& context);

    // Returns  how it stands; called again when what it waits for has come, or earlier.
    State advance(Clock::time_point now);

    // A call that needs nothing of this object, for a thread of its own.
    [[nodiscard]] std::function<Lookup()> lookup() const;
    void found(Lookup addresses);

    [[nodiscard]] FdView socket() const { return in_backlog_ ? FdView() : socket_.view(); }
    // Of sockets that it has made; a number of descriptor comes again, this does not.
    [[nodiscard]] unsigned attempt() const { return attempt_; }
    [[nodiscard]] std::optional<Clock::time_point> deadline() const { return deadline_; }

    // Waits before it begins again, because of error().
    [[nodiscard]] bool pauses() const { return phase_ == Phase::pausing; }

    // Errors   an option of the stream that cannot be set.
    [[nodiscard]] Result<StreamParts> take();
    [[nodiscard]] const Error& error() const { return error_; }

private:
    enum class Phase : std::uint8_t {
        looking_up,
        choosing,
        connecting,
        connected,
        pausing,
        failed
    };

    [[nodiscard]] const SocketAddress& current() const { return addresses_[at_]; }
    void begin(Clock::time_point now);
    void ask(Clock::time_point now);
    void refused(const Error& error);
    void pause_or_fail(Clock::time_point now);
    void start_again();

    const SimpleAddress* address_;
    Use use_;
    std::optional<Family> family_;
    Phase phase_ = Phase::looking_up;
    std::vector<SocketAddress> addresses_;
    std::size_t at_ = 0;
    bool by_name_ = false;
    std::int64_t tries_left_;
    Fd socket_;
    unsigned attempt_ = 0;
    bool in_backlog_ = false;  // of a UNIX listener that is full
    std::optional<Clock::time_point> give_up_;
    std::optional<Clock::time_point> deadline_;
    Error error_;
};

// The same until it is connected or has failed.
//
// Blocks   as open_stream().
[[nodiscard]] Result<StreamParts> make_connection(const SimpleAddress& address, Use use,
                                                  const OpenContext& context);

}  // namespace zc
