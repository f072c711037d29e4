// The plainest loops, with nothing of ours in them: the floor that the programs are
// measured against, and what shows the tests of safe zero-copy that their writers do harm.
//
// plain direct [FILE]    splices FILE, or standard input, to standard output
// plain carrier [FILE]   the same through a pipe of its own
// plain range FILE       copies FILE to standard output by copy_file_range(2)
// plain tee SINK         standard input to standard output and, by tee(2), to SINK
//
// None asks whether somebody writes the file while its pages are in a pipe.
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

std::array<int, 2> own_pipe() {
    std::array<int, 2> pipe{};
    bench::must("pipe", ::pipe2(pipe.data(), O_CLOEXEC));
    bench::set_pipe_bytes(pipe[1], mib);
    return pipe;
}

void carrier(int source) {
    const auto pipe = own_pipe();
    while (std::size_t held = splice(source, pipe[1], mib))
        while (held != 0) held -= splice(pipe[0], STDOUT_FILENO, held);
}

void range(int source) {
    while (bench::must("copy_file_range", ::copy_file_range(source, nullptr, STDOUT_FILENO, nullptr,
                                                            1 << 30, 0)) != 0) {
    }
}

// Lockstep: what was teed is drained before more is.
void tee_to(int sink) {
    const auto pipe = own_pipe();
    while (const auto held =
               static_cast<std::size_t>(bench::must("tee", ::tee(STDIN_FILENO, pipe[1], mib, 0)))) {
        for (std::size_t left = held; left != 0;) left -= splice(pipe[0], sink, left);
        for (std::size_t left = held; left != 0;) left -= splice(STDIN_FILENO, STDOUT_FILENO, left);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc > 1 ? argv[1] : "";
    const char* const file = argc == 3 ? argv[2] : nullptr;
    const bool tees = way == "tee";
    if (argc > 3 || (way != "direct" && way != "carrier" && way != "range" && !tees) ||
        (tees && file == nullptr))
        bench::usage("plain direct|carrier|range|tee [FILE]");
    const int flags = tees ? O_WRONLY : O_RDONLY;
    const int opened =
        file != nullptr ? bench::must(file, ::open(file, flags | O_CLOEXEC)) : STDIN_FILENO;
    // What is no pipe, or may not grow, stays as it is.
    (void)::fcntl(STDIN_FILENO, F_SETPIPE_SZ, mib);
    (void)::fcntl(STDOUT_FILENO, F_SETPIPE_SZ, mib);
    if (way == "direct") direct(opened);
    if (way == "carrier") carrier(opened);
    if (way == "range") range(opened);
    if (tees) tee_to(opened);
    return 0;
}
