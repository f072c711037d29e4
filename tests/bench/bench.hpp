// Shared by the measuring programs. They use no part of libzc: a measuring
// stick is not made of what it measures.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what) {
    std::fprintf(stderr, "bench: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

[[noreturn]] inline void usage(const char* text) {
    std::fprintf(stderr, "usage: %s\n", text);
    std::exit(2);
}

// The call's answer; ends the program when it is negative.
template <class Answer>
Answer must(const char* what, Answer answer) {
    if (answer < 0) die(what);
    return answer;
}

// "--name VALUE" options in any order; the last of a name counts.
class Arguments {
public:
    Arguments(int argc, char** argv) : argc_(argc), argv_(argv) {}

    [[nodiscard]] bool flag(std::string_view name) const {
        for (int i = 1; i < argc_; ++i)
            if (name == argv_[i]) return true;
        return false;
    }
    [[nodiscard]] const char* text(std::string_view name) const {
        for (int i = argc_ - 2; i >= 1; --i)
            if (name == argv_[i]) return argv_[i + 1];
        return nullptr;
    }
    [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise) const {
        const char* value = text(name);
        return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
    }

private:
    int argc_;
    char** argv_;
};

// A byte to the descriptor of --ready, if there is one: whoever started this program waits
// for it.
inline void say_ready(const Arguments& arguments) {
    const int fd = static_cast<int>(arguments.number("--ready", 0));
    if (fd == 0) return;
    must("--ready", ::write(fd, "", 1));
    ::close(fd);
}

inline void set_pipe_bytes(int fd, std::uint64_t bytes) {
    if (bytes != 0) must("F_SETPIPE_SZ", ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes)));
}

// Where a stream is met: a TCP port of this machine, or a UNIX socket.
struct Place {
    sockaddr_storage address{};
    socklen_t bytes = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&address);
    }
};

inline Place tcp_place(std::uint64_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Place place;
    std::memcpy(&place.address, &address, place.bytes = sizeof(address));
    return place;
}

inline Place unix_place(const char* path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (std::strlen(path) >= sizeof(address.sun_path)) usage("a shorter path");
    std::strcpy(address.sun_path, path);
    Place place;
    std::memcpy(&place.address, &address, place.bytes = sizeof(address));
    return place;
}

// What --tcp PORT or --unix PATH says, if one of them is there.
inline std::optional<Place> place_of(const Arguments& arguments) {
    if (const char* path = arguments.text("--unix")) return unix_place(path);
    const std::uint64_t port = arguments.number("--tcp", 0);
    if (port == 0) return std::nullopt;
    return tcp_place(port);
}

inline int stream_socket(const Place& place, int flags = 0) {
    return must("socket", ::socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

inline int connected_to(const Place& place) {
    const int fd = stream_socket(place);
    must("connect", ::connect(fd, place.get(), place.bytes));
    return fd;
}

inline int listening_on(const Place& place, int backlog, int flags = 0) {
    const int fd = stream_socket(place, flags);
    const int yes = 1;
    must("SO_REUSEADDR", ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
    must("bind", ::bind(fd, place.get(), place.bytes));
    must("listen", ::listen(fd, backlog));
    return fd;
}

// A small message is sent at once, not kept until the last one is acknowledged.
inline void set_no_delay(int fd) {
    const int yes = 1;
    must("TCP_NODELAY", ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)));
}

}  // namespace bench
