// What the tests of Pipe, transfer() and Session share: texts, readers, writers, networks.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "engine/pipe.hpp"
#include "kernel/ends.hpp"

namespace zc::test {

inline constexpr std::size_t mib = 1024 * 1024;

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Pipe make_pipe(std::size_t capacity = 0) {
    auto pipe = Pipe::create(capacity);
    REQUIRE(pipe);
    return std::move(*pipe);
}

// Everything that read() gives, to the end.
inline std::string rest_of(Pipe& pipe, std::size_t piece = 1000) {
    std::vector<std::byte> buffer(piece);
    std::string all;
    for (;;) {
        const auto got = pipe.read(buffer);
        if (!got || *got == 0) return all;
        all += text_of(std::span(buffer).first(*got));
    }
}

// A Reader of a text, some bytes at a time.
struct Text {
    std::string_view left;
    std::size_t most = 777;
    Result<std::size_t> read(std::span<std::byte> into) {
        const auto piece = left.substr(0, std::min({most, into.size(), left.size()}));
        std::copy_n(bytes_of(piece).begin(), piece.size(), into.begin());
        left.remove_prefix(piece.size());
        return piece.size();
    }
};

// A Writer that takes some bytes at a time, and may fail.
struct Sheet {
    std::string text;
    std::size_t most = 333;
    std::size_t room = ~std::size_t{0};
    Result<std::size_t> write(std::span<const std::byte> from) {
        if (text.size() >= room) return failure(Error::system("write", ENOSPC));
        const auto piece = from.first(std::min({most, from.size(), room - text.size()}));
        text += text_of(piece);
        return piece.size();
    }
};

template <class Work>
auto beside(Work work) {
    return std::async(std::launch::async, std::move(work));
}

using MakePair = std::function<Pair()>;
struct Network {
    const char* name;
    MakePair make;
};
inline const std::vector<Network>& networks() {
    static const std::vector<Network> all{{"tcp", [] { return tcp_pair(); }},
                                          {"unix", [] { return unix_pair(SOCK_STREAM); }}};
    return all;
}

// A reader that leaves is told, and ends nobody.
struct IgnoresSigpipe {
    IgnoresSigpipe() { std::signal(SIGPIPE, SIG_IGN); }
};
inline const IgnoresSigpipe ignores_sigpipe;

}  // namespace zc::test
