// From addresses to streams: open, connect, listen, accept, spawn.
//
// Kernel   every descriptor is closed on exec and above 2. Sockets, pipes,
//          FIFOs and terminals that we open are non-blocking; files block;
//          inherited descriptors (STDIO, FD:n, ACCEPT-FD:n) are never changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "address/address.hpp"
#include "address/stream.hpp"
#include "kernel/fd.hpp"
#include "kernel/result.hpp"
#include "kernel/socket_address.hpp"

namespace zc {

// Which directions the caller needs of a stream.
enum class Use : std::uint8_t { read, write, both };

// What an opener needs to know beside the address.
//
// family       of TCP addresses that name none (-4, -6; any is -0). Without
//              it listeners are IPv4 and connections go wherever names lead.
// environment  NAME=value for children; Accepted::environment() of the other side.
struct OpenContext {
    std::optional<Family> family;
    std::vector<std::string> environment;
};

// Opens an address and everything in it.
//
// Takes    an address of parse_address(). A listener accepts one connection
//          and stops listening.
// Returns  a stream whose reader() and writer() are valid as `use` says;
//          for Use::both a descriptor that only allows one direction gives that.
// Errors   with the address' label as subject; a failed connection with the
//          last address tried in the detail.
// Blocks   until there is a stream: for name servers, connections
//          (`connect-timeout` limits each try), tries (`retry`, `forever`),
//          the other end of a FIFO, a client (`accept-timeout`).
[[nodiscard]] Result<Stream> open_stream(const Address& address, Use use,
                                         const OpenContext& context);

// Makes this process the user that `su` names, every thread of it and for good;
// open_stream() and open_listener() do it once the address is open. Nothing to do
// without `su`, for a program that is started (it alone becomes that user), and
// when it is that user already.
//
// Errors   unresolved for a user that is not known here; EPERM.
[[nodiscard]] Result<void> become_user(const SimpleAddress& address);

// Starts a program on the descriptors of another stream: nothing of ours moves bytes.
//
// Takes    an address for which is_nofork() holds, and what the program is to do
//          with `other`: Use::write gives it what can be read there as its standard
//          input (`fdin`), Use::read its writer as standard output (`fdout`).
// Returns  a stream without reader() and writer(); finish() tells how the program
//          ended. The caller close()s `other` now: it ends with the program only then.
// Errors   bad_address when `other` has options that need us in between.
// Kernel   what we opened of `other` blocks from now on, as programs expect.
[[nodiscard]] Result<Stream> spawn_onto(const Address& program, const Stream& other, Use use,
                                        const OpenContext& context);

// What came to a listener.
struct Nobody {};
struct Refused {  // its connection is closed already, or was before it was taken
    std::string peer;
    std::string reason;  // "not in range 10.0.0.0/8"
};
struct Accepted {
    Stream stream;
    SocketAddress from;

    [[nodiscard]] std::string peer() const { return text_of(from); }  // "127.0.0.1:38696"
    // What children are told of it: SOCAT_PEERADDR=..., ZC_PEERADDR=..., ...
    [[nodiscard]] std::vector<std::string> environment() const;
};
using Arrival = std::variant<Nobody, Refused, Accepted>;

// Owns    the listening socket (not an inherited one) and the entry of a UNIX
//         socket, which goes with it.
class Listener {
public:
    Listener(std::string label, Options options, Fd owner, FdView socket, OwnedEntry entry)
        : label_(std::move(label)),
          options_(std::move(options)),
          owner_(std::move(owner)),
          socket_(socket),
          entry_(std::move(entry)) {}

    [[nodiscard]] FdView socket() const { return socket_; }
    [[nodiscard]] const std::string& label() const { return label_; }
    // Where it listens: "0.0.0.0:8080", "/run/a.sock".
    [[nodiscard]] Result<std::string> local() const;

    // `max-children` and `accept-timeout` are the caller's to keep.
    [[nodiscard]] std::optional<std::uint64_t> max_children() const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> accept_timeout() const;

    // Takes the next connection, if one waits, with its options set.
    //
    // Errors   EMFILE, ENFILE, ENOMEM: the connection still waits; a socket
    //          option that cannot be set.
    // Blocks   never on a listener of ours. An inherited blocking one is
    //          polled first; if another process takes the connection in
    //          between, the call sleeps until the next.
    [[nodiscard]] Result<Arrival> accept(Use use);

    // Waits for a connection that is not refused, at most `accept-timeout`.
    [[nodiscard]] Result<Accepted> accept_one(Use use);

    Result<void> close();

private:
    [[nodiscard]] std::optional<std::string> refusal(const SocketAddress& peer) const;

    std::string label_;
    Options options_;
    Fd owner_;
    FdView socket_;
    OwnedEntry entry_;
};

// Takes    an address for which is_listener() holds.
// Errors   as open_stream(); EADDRINUSE for an existing UNIX entry.
// Blocks   for name servers and tries.
[[nodiscard]] Result<Listener> open_listener(const Address& address, const OpenContext& context);

}  // namespace zc
