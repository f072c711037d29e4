// The system calls of sys_net.hpp, as Linux has them.
#include "kernel/sys_net.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>

#include "kernel/sys_call.hpp"
#include "kernel/sys_file.hpp"

namespace zc::sys {
namespace {

int domain_of(Family family) {
    switch (family) {
        case Family::ip4: return AF_INET;
        case Family::ip6: return AF_INET6;
        case Family::unix_domain: return AF_UNIX;
        case Family::any: break;
    }
    return AF_UNSPEC;
}

struct OptionNumber {
    int level;
    int name;
};

OptionNumber number_of(SocketOption option) {
    switch (option) {
        case SocketOption::reuse_address: return {SOL_SOCKET, SO_REUSEADDR};
        case SocketOption::reuse_port: return {SOL_SOCKET, SO_REUSEPORT};
        case SocketOption::ipv6_only: return {IPPROTO_IPV6, IPV6_V6ONLY};
        case SocketOption::keepalive: return {SOL_SOCKET, SO_KEEPALIVE};
        case SocketOption::keepalive_idle_seconds: return {IPPROTO_TCP, TCP_KEEPIDLE};
        case SocketOption::keepalive_interval_seconds: return {IPPROTO_TCP, TCP_KEEPINTVL};
        case SocketOption::keepalive_count: return {IPPROTO_TCP, TCP_KEEPCNT};
        case SocketOption::no_delay: return {IPPROTO_TCP, TCP_NODELAY};
        case SocketOption::send_buffer_bytes: return {SOL_SOCKET, SO_SNDBUF};
        case SocketOption::receive_buffer_bytes: return {SOL_SOCKET, SO_RCVBUF};
    }
    return {SOL_SOCKET, 0};
}

Result<int> ask(FdView socket, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    auto asked = done("getsockopt", [&] {
        return ::getsockopt(socket.number(), SOL_SOCKET, option, &value, &length);
    });
    if (!asked) return failure(asked.error());
    return value;
}

template <class Call>
Result<SocketAddress> named(const char* operation, FdView socket, Call call) {
    SocketAddress address;
    address.length = sizeof address.bytes;
    return done(operation, [&] { return call(socket.number(), address.raw(), &address.length); })
        .map([&] { return address; });
}

}  // namespace

namespace {

Result<std::vector<SocketAddress>> addresses_of(const std::string& host, const std::string& service,
                                                Family family, int flags) {
    addrinfo wanted{};
    wanted.ai_family = domain_of(family);
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = flags;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                   service.empty() ? "0" : service.c_str(), &wanted, &found);
    if (code == EAI_SYSTEM) return failure(Error::system("lookup", errno));
    if (code != 0) return failure(Error::told(Errc::unresolved, "lookup", ::gai_strerror(code)));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    std::vector<SocketAddress> out;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        SocketAddress address;
        std::memcpy(&address.bytes, each->ai_addr, each->ai_addrlen);
        address.length = each->ai_addrlen;
        out.push_back(address);
    }
    return out;
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(const std::string& host, const std::string& service,
                                           Family family, Purpose purpose) {
    return addresses_of(host, service, family, purpose == Purpose::listening ? AI_PASSIVE : 0);
}

Result<std::vector<SocketAddress>> resolve_numbers(const std::string& host,
                                                   const std::string& service, Family family) {
    return addresses_of(host, service, family, AI_NUMERICHOST | AI_NUMERICSERV);
}

Result<OtherNetwork> OtherNetwork::enter(const std::string& path) {
    auto home = open_file("/proc/thread-self/ns/net", {});
    if (!home) return failure(home.error());
    const auto there = open_file(path, {});
    if (!there) return failure(there.error());
    auto entered = done("setns", [&] { return ::setns(there->view().number(), CLONE_NEWNET); });
    if (!entered) return failure(entered.error());
    return OtherNetwork(std::move(*home));
}

OtherNetwork::~OtherNetwork() { (void)leave(); }

Result<void> OtherNetwork::leave() {
    const Fd home = std::move(home_);
    if (!home.valid()) return {};
    return done("setns", [&] { return ::setns(home.view().number(), CLONE_NEWNET); });
}

Result<Fd> stream_socket(Family family, Blocking blocking) {
    const int flags = SOCK_STREAM | SOCK_CLOEXEC | (blocking == Blocking::no ? SOCK_NONBLOCK : 0);
    auto fd = checked("socket", [&] { return ::socket(domain_of(family), flags, 0); });
    if (!fd) return failure(fd.error());
    return above_standard(Fd(*fd));
}

Result<SocketPair> socket_pair() {
    std::array<int, 2> numbers{};
    auto made = done("socketpair", [&] {
        return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data());
    });
    if (!made) return failure(made.error());
    auto second = Fd(numbers[1]);
    auto first = above_standard(Fd(numbers[0]));
    if (!first) return failure(first.error());
    auto moved = above_standard(std::move(second));
    if (!moved) return failure(moved.error());
    return SocketPair{std::move(*first), std::move(*moved)};
}

Result<void> bind(FdView socket, const SocketAddress& to) {
    return done("bind", [&] { return ::bind(socket.number(), to.raw(), to.length); });
}

Result<void> listen(FdView socket, int backlog) {
    return done("listen", [&] { return ::listen(socket.number(), backlog); });
}

Result<void> connect(FdView socket, const SocketAddress& to) {
    // Kernel: EINTR leaves a UNIX socket as it was, so the call is repeated. A
    // non-blocking TCP connect never sleeps and is never interrupted.
    return done("connect", [&] { return ::connect(socket.number(), to.raw(), to.length); });
}

Result<Connection> accept(FdView listener) {
    Connection out;
    out.peer.length = sizeof out.peer.bytes;
    auto fd = checked("accept", [&] {
        return ::accept4(listener.number(), out.peer.raw(), &out.peer.length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
    });
    if (!fd) return failure(fd.error());
    auto moved = above_standard(Fd(*fd));
    if (!moved) return failure(moved.error());
    out.socket = std::move(*moved);
    return out;
}

Result<SocketAddress> local_address(FdView socket) {
    return named("getsockname", socket, ::getsockname);
}

Result<SocketAddress> peer_address(FdView socket) {
    return named("getpeername", socket, ::getpeername);
}

Result<bool> is_listening(FdView socket) {
    return ask(socket, SO_ACCEPTCONN).map([](int value) { return value != 0; });
}

Result<void> set_option(FdView socket, SocketOption option, int value) {
    const OptionNumber number = number_of(option);
    return done("setsockopt", [&] {
        return ::setsockopt(socket.number(), number.level, number.name, &value, sizeof value);
    });
}

Result<void> reset_at_close(FdView socket) {
    const linger at_once{1, 0};
    return done("setsockopt", [&] {
        return ::setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
}

Result<void> shutdown_writing(FdView socket) {
    return done("shutdown", [&] { return ::shutdown(socket.number(), SHUT_WR); });
}

}  // namespace zc::sys
