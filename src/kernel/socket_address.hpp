// Socket addresses as values: what a name resolves to, what a peer is called.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/result.hpp"

struct sockaddr;  // of <sys/socket.h>

namespace zc {

// Which kind of network a socket speaks; `any` leaves the choice to the resolver.
enum class Family : std::uint8_t { any, ip4, ip6, unix_domain };

// Whether a UNIX socket's name is an entry of the file system.
enum class UnixSpace : std::uint8_t { filesystem, abstract };

// One address as bind(2), connect(2) and accept(2) take and give it.
struct SocketAddress {
    alignas(8) std::array<std::uint8_t, 128> bytes{};  // a sockaddr_storage
    std::uint32_t length = 0;

    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(bytes.data()); }
    [[nodiscard]] const sockaddr* raw() const {
        return reinterpret_cast<const sockaddr*>(bytes.data());
    }
};

// The most bytes that fit in sun_path and its terminating NUL (or leading NUL).
inline constexpr std::size_t unix_name_bytes = 107;

[[nodiscard]] Family family_of(const SocketAddress& address);

// The host alone ("127.0.0.1", "::1"), or the path of a UNIX socket ("" when it
// has none); and the port in host order, 0 where there is none.
[[nodiscard]] std::string host_of(const SocketAddress& address);
[[nodiscard]] std::uint16_t port_of(const SocketAddress& address);

// For messages: "127.0.0.1:80", "[::1]:80", "/run/a.sock", "@name" (abstract),
// "(unnamed)" for a UNIX socket that was not bound.
[[nodiscard]] std::string text_of(const SocketAddress& address);

// Takes    a path, or an abstract name without its leading NUL.
// Errors   bad_address when it is empty or longer than unix_name_bytes.
[[nodiscard]] Result<SocketAddress> unix_address(UnixSpace space, std::string_view name);

// The wildcard address of an IP family, as bind(2) takes it.
[[nodiscard]] SocketAddress wildcard(Family ip, std::uint16_t port);
void set_port(SocketAddress& address, std::uint16_t port);

// The address in network order; a mapped one (::ffff:a.b.c.d) is the IPv4 one it means.
struct IpBytes {
    Family family = Family::any;
    std::array<std::uint8_t, 16> bytes{};
    friend bool operator==(const IpBytes&, const IpBytes&) = default;
};
[[nodiscard]] IpBytes ip_of(const SocketAddress& address);

// Reads and writes a numeric IP address; no names, no brackets.
[[nodiscard]] bool parse_ip(std::string_view text, IpBytes& into);
[[nodiscard]] std::string print_ip(const IpBytes& ip);

}  // namespace zc
