// What the aids that speak with sockets share: names, and how they fail.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace zc::test {

// What the aid is at; the line it dies with says so.
inline std::string current_step = "start";

[[noreturn]] inline void die(const std::string& what) {
    std::fprintf(stderr, "%s: %s: %s\n", ::program_invocation_short_name, current_step.c_str(),
                 what.c_str());
    std::exit(1);
}

template <class Answer>
Answer must(const char* what, Answer answer) {
    if (answer < 0) die(std::string(what) + ": " + std::strerror(errno));
    return answer;
}

// Takes the number that `text` starts with away from it.
inline std::uint64_t take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc()) die("not a number: " + std::string(text));
    text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
    return value;
}

// Creates the file; whoever sees the name sees the content.
inline void touch(const std::string& path, const std::string& content) {
    const std::string growing = path + ".growing";
    std::FILE* file = std::fopen(growing.c_str(), "w");
    if (file == nullptr || std::fputs(content.c_str(), file) < 0 || std::fclose(file) != 0 ||
        std::rename(growing.c_str(), path.c_str()) != 0)
        die(path + ": " + std::strerror(errno));
}

// A TCP port of 127.0.0.1, 0 for any, or a UNIX socket's path; `length` is what bind
// and connect are told.
struct Name {
    sockaddr_storage storage{};
    socklen_t length = 0;
    bool listens = false;

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] int open(int flags) {
        return must("socket", ::socket(get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    }

    // Binds, listens, and writes the port (0 of a UNIX listener) to the file, if it has a name.
    void listen(int fd, int backlog, const std::string& ready) {
        must("bind", ::bind(fd, get(), length));
        must("listen", ::listen(fd, backlog));
        if (ready.empty()) return;
        must("getsockname", ::getsockname(fd, get(), &length));
        const bool tcp = get()->sa_family == AF_INET;
        const auto& at = reinterpret_cast<const sockaddr_in&>(storage);
        touch(ready, std::to_string(tcp ? ntohs(at.sin_port) : 0) + "\n");
    }
};

inline Name unix_name(const std::string& path) {
    Name name;
    auto& at = reinterpret_cast<sockaddr_un&>(name.storage);
    at.sun_family = AF_UNIX;
    if (path.size() >= sizeof at.sun_path) die("path too long: " + path);
    path.copy(at.sun_path, path.size());
    name.length = sizeof at;
    return name;
}

inline Name tcp_name(std::uint64_t port) {
    Name name;
    auto& at = reinterpret_cast<sockaddr_in&>(name.storage);
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.length = sizeof at;
    return name;
}

// tcp:PORT  tcp-listen  unix:PATH  unix-listen:PATH
inline Name name_of(const std::string& address) {
    const auto colon = address.find(':');
    const std::string kind = address.substr(0, colon);
    const std::string rest = colon == std::string::npos ? "" : address.substr(colon + 1);
    Name name;
    std::string_view digits = rest;
    if (kind == "tcp")
        name = tcp_name(take_number(digits));
    else if (kind == "tcp-listen")
        name = tcp_name(0);
    else if (kind == "unix" || kind == "unix-listen")
        name = unix_name(rest);
    else
        die("no such address: " + address);
    name.listens = kind.ends_with("-listen");
    return name;
}

}  // namespace zc::test
