// The two plainest loops, with nothing of ours in them: what zc-cat is measured
// against, and what shows the tests of safe zero-copy that their writers do harm.
//
// plain direct [FILE]    splices FILE, or standard input, to standard output
// plain carrier [FILE]   the same through a pipe of its own
//
// Neither asks whether somebody writes the file while its pages are in the pipe.
#include <array>

#include "bench.hpp"

namespace {

constexpr std::size_t mib = 1 << 20;

std::size_t splice(int from, int to, std::size_t bytes) {
    return static_cast<std::size_t>(
        bench::must("splice", ::splice(from, nullptr, to, nullptr, bytes, 0)));
}

void direct(int source) {
    while (splice(source, STDOUT_FILENO, mib) != 0) {
    }
}

void carrier(int source) {
    std::array<int, 2> pipe{};
    bench::must("pipe", ::pipe2(pipe.data(), O_CLOEXEC));
    bench::set_pipe_bytes(pipe[1], mib);
    while (std::size_t held = splice(source, pipe[1], mib))
        while (held != 0) held -= splice(pipe[0], STDOUT_FILENO, held);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc > 1 ? argv[1] : "";
    if (argc > 3 || (way != "direct" && way != "carrier"))
        bench::usage("plain direct|carrier [FILE]");
    const int source =
        argc > 2 ? bench::must(argv[2], ::open(argv[2], O_RDONLY | O_CLOEXEC)) : STDIN_FILENO;
    // What is no pipe, or may not grow, stays as it is.
    (void)::fcntl(source, F_SETPIPE_SZ, mib);
    (void)::fcntl(STDOUT_FILENO, F_SETPIPE_SZ, mib);
    if (way == "direct")
        direct(source);
    else
        carrier(source);
    return 0;
}
