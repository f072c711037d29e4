// What the tests of open_stream() share: a directory of their own, and reading
// and writing streams to their end.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "address/open.hpp"
#include "catch.hpp"
#include "kernel/ends.hpp"
#include "kernel/sys.hpp"

namespace zc::test {

// Names in it, as the text of an address has them.
class Directory {
public:
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return dir_ / name.c_str();
    }

private:
    TempDir dir_;
};

// Used by threads, too: nothing of Catch2's before something has failed.
inline Address address(const std::string& text) {
    auto parsed = parse_address(text);
    if (!parsed) FAIL(text + ": " + parsed.error().detail);
    return *parsed;
}

inline Stream opened(const std::string& text, Use use, const OpenContext& context = {}) {
    auto stream = open_stream(address(text), use, context);
    if (!stream) FAIL(text + ": " + stream.error().subject + ": " + cause(stream.error()));
    return std::move(*stream);
}

inline Error refused(const std::string& text, Use use, const OpenContext& context = {}) {
    auto stream = open_stream(address(text), use, context);
    INFO(text);
    REQUIRE_FALSE(stream.has_value());
    return stream.error();
}

inline Listener listening(const std::string& text, const OpenContext& context = {}) {
    auto listener = open_listener(address(text), context);
    INFO(text);
    if (!listener) FAIL(listener.error().subject + ": " + cause(listener.error()));
    return std::move(*listener);
}

inline std::string port_of(const Listener& listener) {
    const std::string at = listener.local().value();
    return at.substr(at.rfind(':') + 1);
}

inline Accepted taken(Listener& listener) {
    auto accepted = listener.accept_one(Use::both);
    if (!accepted) FAIL(cause(accepted.error()));
    return std::move(*accepted);
}

inline void write_text(FdView to, std::string_view text) {
    const auto put = sys::write(to, std::as_bytes(std::span(text)));
    if (!put) FAIL(cause(put.error()));
    REQUIRE(*put == text.size());
}

inline std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void put_file(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

inline unsigned mode_of(const std::string& path) {
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

inline bool exists(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

inline bool not_blocking(FdView fd) { return classify(fd).value().blocking == Blocking::no; }

}  // namespace zc::test
