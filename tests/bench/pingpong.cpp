// How long one byte takes from a program's standard input to both of its outputs.
//
// pingpong REPORT ROUNDS FIFO PROGRAM [ARGUMENT]...
//
// Writes a byte to PROGRAM, waits for it on its standard output and on FIFO, which
// PROGRAM writes, and so on. REPORT then holds the seconds of all rounds and 0.
#include <sys/wait.h>

#include <array>
#include <chrono>

#include "bench.hpp"

namespace {

void expect(int fd, char sent) {
    char got = 0;
    if (bench::must("read", ::read(fd, &got, 1)) != 1 || got != sent) bench::die("lost a byte");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) bench::usage("pingpong REPORT ROUNDS FIFO PROGRAM [ARGUMENT]...");
    const long rounds = std::strtol(argv[2], nullptr, 10);
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    bench::must("pipe", ::pipe2(to.data(), O_CLOEXEC));
    bench::must("pipe", ::pipe2(from.data(), O_CLOEXEC));
    const pid_t child = bench::must("fork", ::fork());
    if (child == 0) {
        ::dup2(to[0], STDIN_FILENO);
        ::dup2(from[1], STDOUT_FILENO);
        ::execvp(argv[4], argv + 4);
        bench::die(argv[4]);
    }
    ::close(to[0]);
    ::close(from[1]);
    const int fifo = bench::must(argv[3], ::open(argv[3], O_RDONLY | O_CLOEXEC));

    const auto began = std::chrono::steady_clock::now();
    for (long i = 0; i < rounds; ++i) {
        const char byte = static_cast<char>(i);
        if (bench::must("write", ::write(to[1], &byte, 1)) != 1) bench::die("write");
        expect(from[0], byte);
        expect(fifo, byte);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

    ::close(to[1]);
    int status = 0;
    bench::must("wait", ::waitpid(child, &status, 0));
    if (status != 0) bench::die("the program failed");
    std::FILE* report = std::fopen(argv[1], "w");
    if (report == nullptr) bench::die(argv[1]);
    std::fprintf(report, "%.6f 0\n", took.count());
    return std::fclose(report) == 0 ? 0 : 1;
}
