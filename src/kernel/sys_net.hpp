// The seam: sockets and the names of hosts. Rules as in sys.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"
#include "kernel/socket_address.hpp"

namespace zc::sys {

enum class Purpose : std::uint8_t { connecting, listening };

enum class SocketOption : std::uint8_t {
    reuse_address,
    reuse_port,
    ipv6_only,
    keepalive,
    keepalive_idle_seconds,
    keepalive_interval_seconds,
    keepalive_count,
    no_delay,
    send_buffer_bytes,
    receive_buffer_bytes
};

struct SocketPair {
    Fd first;
    Fd second;
};

struct Connection {
    Fd socket;
    SocketAddress peer;
};

// Looks names up: files, DNS, /etc/services. An empty host is every local
// address for Purpose::listening, this host for connecting.
//
// Returns  at least one address, in the order to try.
// Errors   unresolved, with the resolver's text; system for EAI_SYSTEM.
// Blocks   as long as the resolver does (resolv.conf(5)).
Result<std::vector<SocketAddress>> resolve(const std::string& host, const std::string& service,
                                           Family family, Purpose purpose);

// The same for an address and a port that are numbers: asks nobody.
Result<std::vector<SocketAddress>> resolve_numbers(const std::string& host,
                                                   const std::string& service, Family family);

// The calling thread in another network namespace: the sockets it makes and the
// processes it starts are there.
//
// Owns     the way back; the destructor goes it, and cannot report that it failed.
class OtherNetwork {
public:
    // Takes    the namespace's file, such as /run/netns/NAME.
    // Errors   ENOENT; EINVAL for a file that is no namespace; EPERM.
    [[nodiscard]] static Result<OtherNetwork> enter(const std::string& path);
    OtherNetwork(OtherNetwork&& other) noexcept = default;
    OtherNetwork& operator=(OtherNetwork&& other) noexcept = delete;
    OtherNetwork(const OtherNetwork&) = delete;
    OtherNetwork& operator=(const OtherNetwork&) = delete;
    ~OtherNetwork();
    Result<void> leave();

private:
    explicit OtherNetwork(Fd home) : home_(std::move(home)) {}
    Fd home_;
};

// A stream socket, closed on exec, above 2.
Result<Fd> stream_socket(Family family, Blocking blocking);
// Two connected UNIX stream sockets, blocking, closed on exec, above 2.
Result<SocketPair> socket_pair();

Result<void> bind(FdView socket, const SocketAddress& to);
Result<void> listen(FdView socket, int backlog);

// Errors   EINPROGRESS of a non-blocking TCP socket means: wait until it is
//          writable. Called again it says how it stands: EISCONN or success,
//          EALREADY, or why it failed. EAGAIN of a non-blocking UNIX socket: the
//          listener's backlog is full.
Result<void> connect(FdView socket, const SocketAddress& to);

// Returns  the connection, non-blocking, closed on exec, above 2.
// Errors   EAGAIN when nobody waits on a non-blocking listener.
Result<Connection> accept(FdView listener);

Result<SocketAddress> local_address(FdView socket);
Result<SocketAddress> peer_address(FdView socket);
Result<bool> is_listening(FdView socket);

Result<void> set_option(FdView socket, SocketOption option, int value);
Result<void> shutdown_writing(FdView socket);
// Closing a TCP socket will reset its connection (SO_LINGER of no time).
Result<void> reset_at_close(FdView socket);

}  // namespace zc::sys
