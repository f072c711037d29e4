// stream make BYTES [SEED] [PIECE]: writes the first BYTES of a test stream to
// standard output, PIECE bytes a call (default 64 KiB).
// stream check BYTES [SEED]: reads standard input to its end and fails unless it
// is exactly that stream.
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "pattern.hpp"

namespace {

int make(std::uint64_t total, const zc::test::Pattern& pattern, std::size_t piece) {
    std::vector<char> buffer(piece);
    for (std::uint64_t sent = 0; sent < total;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece, total - sent));
        pattern.fill(std::span(buffer).first(count), sent);
        for (std::size_t written = 0; written < count;) {
            const ssize_t n = ::write(STDOUT_FILENO, buffer.data() + written, count - written);
            if (n < 0) {
                std::perror("stream: write");
                return 1;
            }
            written += static_cast<std::size_t>(n);
        }
        sent += count;
    }
    return 0;
}

int check(std::uint64_t total, const zc::test::Pattern& pattern) {
    std::vector<char> buffer(std::size_t{256} * 1024);
    std::uint64_t seen = 0;
    for (;;) {
        const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (n < 0) {
            std::perror("stream: read");
            return 1;
        }
        if (n == 0) break;
        const auto part = std::span<const char>(buffer).first(static_cast<std::size_t>(n));
        if (const auto wrong = pattern.first_wrong(part, seen)) {
            std::fprintf(stderr, "stream: byte %" PRIu64 " is wrong\n", *wrong);
            return 1;
        }
        seen += part.size();
    }
    if (seen == total) return 0;
    std::fprintf(stderr, "stream: %" PRIu64 " bytes came, not %" PRIu64 "\n", seen, total);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (argc < 3 || (verb != "make" && verb != "check")) {
        std::fputs("usage: stream make|check BYTES [SEED] [PIECE]\n", stderr);
        return 2;
    }
    const std::uint64_t total = std::strtoull(argv[2], nullptr, 10);
    const zc::test::Pattern pattern(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
    const std::size_t piece = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 64 * 1024;
    return verb == "make" ? make(total, pattern, piece) : check(total, pattern);
}
