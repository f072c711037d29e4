// TCP-CONNECT and TCP-LISTEN.
#include <algorithm>
#include <cerrno>

#include "address/opener.hpp"

namespace zc {
namespace {

// With pf= the option decides, then the keyword (TCP4, TCP6), then -4, -6, -0.
Family family_for(Family keyword, const Options& options, std::optional<Family> usual,
                  Family otherwise) {
    if (const Family* asked = options.find(opt::pf)) return *asked;
    if (keyword != Family::any) return keyword;
    return usual.value_or(otherwise);
}

Result<void> bind_low(FdView socket, SocketAddress to) {
    constexpr std::uint16_t highest = 1023;
    constexpr std::uint16_t lowest = 640;
    for (std::uint16_t port = highest;; --port) {
        set_port(to, port);
        auto bound = sys::bind(socket, to);
        if (bound || bound.error().code != EADDRINUSE || port == lowest) return bound;
    }
}

// The near end of a connection: bind=, sourceport=, lowport.
Result<void> bind_near_end(FdView socket, Family family, const Options& options) {
    const BindTo* to = options.find(opt::bind);
    const auto* port = options.find(opt::sourceport);
    if (to == nullptr && port == nullptr && !options.on(opt::lowport)) return {};
    SocketAddress address = wildcard(family, 0);
    if (to != nullptr) {
        auto found = sys::resolve(to->host, to->service, family, sys::Purpose::listening);
        if (!found) return failure(found.error().about("bind=" + to->host));
        address = found->front();
    }
    if (port != nullptr) set_port(address, static_cast<std::uint16_t>(*port));
    if (options.on(opt::lowport)) return bind_low(socket, address);
    return sys::bind(socket, address);
}

enum class Reuse : std::uint8_t { no, yes };

Result<Fd> socket_for(Family family, const Options& options, Reuse usual) {
    auto socket = make_socket(family, Blocking::no, options);
    if (!socket) return socket;
    const FdView fd = socket->view();
    if (options.get(opt::reuseaddr, usual == Reuse::yes))
        if (auto set = sys::set_option(fd, sys::SocketOption::reuse_address, 1); !set)
            return failure(set.error());
    if (options.on(opt::reuseport))
        if (auto set = sys::set_option(fd, sys::SocketOption::reuse_port, 1); !set)
            return failure(set.error());
    if (const bool* only = options.find(opt::ipv6only); only != nullptr && family == Family::ip6)
        if (auto set = sys::set_option(fd, sys::SocketOption::ipv6_only, *only ? 1 : 0); !set)
            return failure(set.error());
    // Kernel: the receive buffer decides the window scale, which is sent with
    // the first segment: afterwards it is too late.
    if (auto set = set_buffer_options(fd, options); !set) return failure(set.error());
    return socket;
}

Result<Fd> listen_one(const SocketAddress& at, const Options& options) {
    auto socket = socket_for(family_of(at), options, Reuse::yes);
    if (!socket) return socket;
    if (auto bound = sys::bind(socket->view(), at); !bound) return failure(bound.error());
    const auto backlog = options.get(opt::backlog, limits::listen_backlog);
    auto listening = sys::listen(socket->view(), static_cast<int>(backlog));
    if (!listening) return failure(listening.error());
    return socket;
}

}  // namespace

Error naming_address(const Error& error, const SocketAddress& address, const std::string& host) {
    if (host == host_of(address) || !error.subject.empty()) return error;
    Error named = error;
    named.detail = text_of(address) + ": " + cause(error);
    return named;
}

Result<Fd> tcp_socket_towards(const SocketAddress& to, const Options& options) {
    auto socket = socket_for(family_of(to), options, Reuse::no);
    if (!socket) return socket;
    if (auto set = set_tcp_options(socket->view(), options); !set) return failure(set.error());
    if (auto bound = bind_near_end(socket->view(), family_of(to), options); !bound)
        return failure(bound.error());
    return socket;
}

Family family_towards(const SimpleAddress& address, std::optional<Family> usual) {
    const auto& tcp = std::get<TcpConnect>(address.target);
    return family_for(tcp.family, address.options, usual, Family::any);
}

Result<Bound> listen_tcp(const TcpListen& at, const Options& options, const OpenContext& context) {
    const BindTo* bind = options.find(opt::bind);
    const std::string host = bind != nullptr ? bind->host : "";
    const bool names_ip6 = host.find(':') != std::string::npos;
    const Family family =
        family_for(at.family, options, context.family, names_ip6 ? Family::ip6 : Family::ip4);
    return with_retries(options, [&]() -> Result<Bound> {
        auto found = sys::resolve(host, at.service, family, sys::Purpose::listening);
        if (!found) return failure(found.error());
        // An IPv6 wildcard also takes IPv4: it must come first to be of use.
        std::stable_partition(found->begin(), found->end(), [](const SocketAddress& each) {
            return family_of(each) == Family::ip6;
        });
        Error last;
        for (const SocketAddress& each : *found) {
            auto socket = listen_one(each, options);
            if (socket) return Bound{std::move(*socket), {}};
            last = naming_address(socket.error(), each, host);
        }
        return failure(std::move(last));
    });
}

}  // namespace zc
