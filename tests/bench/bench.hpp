// Shared by the measuring programs. They use no part of libzc: a measuring
// stick is not made of what it measures.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

// "--name VALUE" options in any order, then at most one operand.
class Arguments {
public:
    Arguments(int argc, char** argv) : argc_(argc), argv_(argv) {}

    [[nodiscard]] bool flag(std::string_view name) const {
        for (int i = 1; i < argc_; ++i)
            if (name == argv_[i]) return true;
        return false;
    }
    [[nodiscard]] const char* text(std::string_view name) const {
        for (int i = 1; i + 1 < argc_; ++i)
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

inline void set_pipe_bytes(int fd, std::uint64_t bytes) {
    if (bytes != 0) must("F_SETPIPE_SZ", ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes)));
}

inline sockaddr_in loopback(std::uint64_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

inline int connected_to(std::uint64_t port) {
    const int fd = must("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    must("connect", ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
    return fd;
}

inline int accepted_on(std::uint64_t port) {
    const int fd = must("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    must("SO_REUSEADDR", ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
    const sockaddr_in address = loopback(port);
    must("bind", ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
    must("listen", ::listen(fd, 1));
    const int peer = must("accept", ::accept(fd, nullptr, nullptr));
    ::close(fd);
    return peer;
}

}  // namespace bench
