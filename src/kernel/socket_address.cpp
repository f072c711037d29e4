#include "kernel/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace zc {
namespace {

static_assert(sizeof(SocketAddress::bytes) == sizeof(sockaddr_storage));
static_assert(sizeof(SocketAddress::length) == sizeof(socklen_t));

// The bytes are copied out: reading sockaddr_storage through another type's
// pointer would be aliasing.
template <class T>
T as(const SocketAddress& address) {
    T out{};
    std::memcpy(&out, &address.bytes, sizeof out);
    return out;
}

template <class T>
SocketAddress from(const T& in, std::size_t length = sizeof(T)) {
    SocketAddress out;
    std::memcpy(&out.bytes, &in, sizeof in);
    out.length = static_cast<socklen_t>(length);
    return out;
}

std::string unix_text(const SocketAddress& address, std::string_view abstract_mark) {
    const auto un = as<sockaddr_un>(address);
    constexpr std::size_t head = offsetof(sockaddr_un, sun_path);
    if (address.length <= head) return {};
    const std::size_t bytes = std::min(address.length - head, sizeof un.sun_path);
    if (un.sun_path[0] == '\0')
        return std::string(abstract_mark) + std::string(un.sun_path + 1, bytes - 1);
    return {un.sun_path, ::strnlen(un.sun_path, bytes)};
}

}  // namespace

Family family_of(const SocketAddress& address) {
    switch (as<sockaddr>(address).sa_family) {
        case AF_INET: return Family::ip4;
        case AF_INET6: return Family::ip6;
        case AF_UNIX: return Family::unix_domain;
        default: return Family::any;
    }
}

std::string host_of(const SocketAddress& address) {
    if (family_of(address) == Family::unix_domain) return unix_text(address, "");
    return print_ip(ip_of(address));
}

std::uint16_t port_of(const SocketAddress& address) {
    switch (family_of(address)) {
        case Family::ip4: return ntohs(as<sockaddr_in>(address).sin_port);
        case Family::ip6: return ntohs(as<sockaddr_in6>(address).sin6_port);
        case Family::unix_domain:
        case Family::any: break;
    }
    return 0;
}

std::string text_of(const SocketAddress& address) {
    if (family_of(address) == Family::unix_domain) {
        const auto text = unix_text(address, "@");
        return text.empty() ? "(unnamed)" : text;
    }
    const IpBytes ip = ip_of(address);
    const std::string host = ip.family == Family::ip6 ? "[" + print_ip(ip) + "]" : print_ip(ip);
    return host + ":" + std::to_string(port_of(address));
}

Result<SocketAddress> unix_address(UnixSpace space, std::string_view name) {
    if (name.empty() || name.size() > unix_name_bytes)
        return failure(Error::told(
            Errc::bad_address, "bind",
            name.empty() ? "socket name is empty" : "socket name is too long (at most 107 bytes)"));
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    const bool abstract = space == UnixSpace::abstract;
    name.copy(un.sun_path + (abstract ? 1 : 0), name.size());
    // Kernel: an abstract name is as long as the length says; one byte too many
    // and it is another name. Either form has one byte more than the name.
    return from(un, offsetof(sockaddr_un, sun_path) + name.size() + 1);
}

SocketAddress wildcard(Family ip, std::uint16_t port) {
    SocketAddress out;
    if (ip == Family::ip6) {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        out = from(in);
    } else {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        out = from(in);
    }
    set_port(out, port);
    return out;
}

void set_port(SocketAddress& address, std::uint16_t port) {
    const std::uint16_t wire = htons(port);
    const std::size_t at = family_of(address) == Family::ip6 ? offsetof(sockaddr_in6, sin6_port)
                                                             : offsetof(sockaddr_in, sin_port);
    std::memcpy(address.bytes.data() + at, &wire, sizeof wire);
}

IpBytes ip_of(const SocketAddress& address) {
    IpBytes out{family_of(address), {}};
    if (out.family == Family::ip4) {
        const auto in = as<sockaddr_in>(address);
        std::memcpy(out.bytes.data(), &in.sin_addr, 4);
    } else if (out.family == Family::ip6) {
        const auto in = as<sockaddr_in6>(address);
        if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
            out.family = Family::ip4;
            std::memcpy(out.bytes.data(), &in.sin6_addr.s6_addr[12], 4);
        } else {
            std::memcpy(out.bytes.data(), &in.sin6_addr, 16);
        }
    }
    return out;
}

bool parse_ip(std::string_view text, IpBytes& into) {
    if (text.size() >= INET6_ADDRSTRLEN) return false;
    const std::string copy(text);
    IpBytes read;
    if (::inet_pton(AF_INET, copy.c_str(), read.bytes.data()) == 1)
        read.family = Family::ip4;
    else if (::inet_pton(AF_INET6, copy.c_str(), read.bytes.data()) == 1)
        read.family = Family::ip6;
    if (read.family == Family::any) return false;
    into = read;
    return true;
}

std::string print_ip(const IpBytes& ip) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ip.family == Family::ip6 ? AF_INET6 : AF_INET;
    return ::inet_ntop(family, ip.bytes.data(), text.data(), text.size());
}

}  // namespace zc
