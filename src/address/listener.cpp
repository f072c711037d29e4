// Listeners: what they let in, and what the children of a connection are told.
#include <cerrno>

#include "address/opener.hpp"
#include "address/option_table.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

constexpr std::uint16_t first_high_port = 1024;

void add_endpoint(std::vector<std::string>& out, const char* which, const SocketAddress& address) {
    for (const std::string prefix : {"SOCAT_", "ZC_"}) {
        out.push_back(prefix + which + "ADDR=" + host_of(address));
        if (family_of(address) != Family::unix_domain)
            out.push_back(prefix + which + "PORT=" + std::to_string(port_of(address)));
    }
}

// Kernel: the client left, or the network took its connection back, before
// accept(2) saw it (accept(2), "Error handling"). The listener is well.
bool client_left(int code) {
    switch (code) {
        case ECONNABORTED:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH: return true;
        default: return false;
    }
}

Result<Bound> bind_target(const SimpleAddress& address, const OpenContext& context) {
    if (const auto* tcp = std::get_if<TcpListen>(&address.target))
        return listen_tcp(*tcp, address.options, context);
    if (const auto* local = std::get_if<UnixListen>(&address.target))
        return listen_unix(*local, address.options);
    return failure(Error::told(Errc::bad_address, "listen", "is not a listener"));
}

Result<FdView> inherited_listener(const AcceptFd& at) {
    const FdView fd(at.number);
    const auto facts = classify(fd);
    if (!facts) return failure(facts.error());
    const bool listens = is_socket(facts->kind) && sys::is_listening(fd).value_or(false);
    if (!listens)
        return failure(Error::told(Errc::bad_address, "accept", "is not a listening socket"));
    return fd;
}

}  // namespace

std::vector<std::string> Accepted::environment() const {
    std::vector<std::string> out;
    add_endpoint(out, "PEER", from);
    const FdView socket = stream.reader().valid() ? stream.reader() : stream.writer();
    if (const auto local = sys::local_address(socket)) add_endpoint(out, "SOCK", *local);
    return out;
}

Result<std::string> Listener::local() const {
    return sys::local_address(socket_).map([](const SocketAddress& at) { return text_of(at); });
}

std::optional<std::uint64_t> Listener::max_children() const {
    const auto* most = options_.find(opt::max_children);
    return most != nullptr ? std::optional(static_cast<std::uint64_t>(*most)) : std::nullopt;
}

std::optional<std::chrono::milliseconds> Listener::accept_timeout() const {
    const auto* limit = options_.find(opt::accept_timeout);
    return limit != nullptr ? std::optional(*limit) : std::nullopt;
}

std::optional<std::string> Listener::refusal(const SocketAddress& peer) const {
    if (const IpRange* range = options_.find(opt::range);
        range != nullptr && !range->contains(ip_of(peer)))
        return "not in " + print(Option{opt::range.name, *range});
    const auto* port = options_.find(opt::sourceport);
    if (port != nullptr && *port != port_of(peer))
        return "source port is not " + std::to_string(*port);
    if (options_.on(opt::lowport) && port_of(peer) >= first_high_port)
        return "source port is not below 1024";
    return std::nullopt;
}

Result<Arrival> Listener::accept(Use use) {
    if (!owner_.valid()) {  // inherited: it may block
        const auto waiting =
            wait_until({socket_, Readiness::readable}, std::chrono::milliseconds(0));
        if (!waiting) return failure(waiting.error().about(label_));
        if (!*waiting) return Nobody{};
    }
    auto connection = sys::accept(socket_);
    if (!connection) {
        if (means_try_later(connection.error())) return Nobody{};
        if (client_left(connection.error().code))
            return Refused{"a client", cause(connection.error())};
        return failure(connection.error().about(label_));
    }
    if (const auto reason = refusal(connection->peer))
        return Refused{text_of(connection->peer), *reason};
    const FdView fd = connection->socket.view();
    const bool is_unix = family_of(connection->peer) == Family::unix_domain;
    auto set = set_buffer_options(fd, options_);
    if (set) set = set_tcp_options(fd, options_);
    StreamParts parts = parts_of_socket(std::move(connection->socket),
                                        is_unix ? FdKind::unix_socket : FdKind::tcp_socket, use);
    parts.label = is_unix ? label_ : "TCP:" + text_of(connection->peer);
    if (set) set = apply_stream_options(parts, options_);
    if (!set) return failure(set.error().about(label_));
    return Accepted{Stream(std::move(parts)), connection->peer};
}

Result<Accepted> Listener::accept_one(Use use) {
    using Clock = std::chrono::steady_clock;
    auto limit = accept_timeout();
    if (limit == std::chrono::milliseconds(0)) limit.reset();
    const auto start = Clock::now();
    for (;;) {
        std::optional<std::chrono::milliseconds> left;
        if (limit)
            left = std::max(std::chrono::milliseconds(0),
                            *limit - std::chrono::duration_cast<std::chrono::milliseconds>(
                                         Clock::now() - start));
        const auto ready = wait_until({socket_, Readiness::readable}, left);
        if (!ready) return failure(ready.error().about(label_));
        if (!*ready)
            return failure(
                Error::told(Errc::timed_out, "accept", "nobody connected in time").about(label_));
        auto arrival = accept(use);
        if (!arrival) return failure(arrival.error());
        if (auto* accepted = std::get_if<Accepted>(&*arrival)) return std::move(*accepted);
    }
}

Result<void> Listener::close() {
    auto removed = entry_.remove();
    socket_ = FdView();
    auto closed = owner_.close();
    if (!closed) return failure(closed.error().about(label_));
    return removed;
}

Result<Listener> open_listener(const Address& address, const OpenContext& context) {
    const SimpleAddress& at = address.read;
    const std::string label = label_of(at);
    if (auto known = user_of(at.options); !known) return failure(known.error().about(label));
    if (const auto* inherited = std::get_if<AcceptFd>(&at.target)) {
        const auto fd = inherited_listener(*inherited);
        if (!fd) return failure(fd.error().about(label));
        if (auto changed = become_user(at); !changed) return failure(changed.error());
        return Listener(label, at.options, Fd(), *fd, OwnedEntry());
    }
    auto bound = bind_target(at, context);
    if (!bound) {
        const Error& error = bound.error();
        return failure(error.subject.empty() ? error.about(label) : error);
    }
    if (auto changed = become_user(at); !changed) return failure(changed.error());
    const FdView socket = bound->socket.view();
    return Listener(label, at.options, std::move(bound->socket), socket, std::move(bound->entry));
}

}  // namespace zc
