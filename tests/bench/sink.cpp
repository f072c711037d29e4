// Consumes standard input, or one connection to a TCP port of this machine, up
// to its end, and says how many bytes came in how many seconds from the first
// one on. Fails when it is not the number expected.
#include <chrono>
#include <vector>

#include "bench.hpp"

namespace {

// Takes bytes without looking at them, so that what sends them is measured: a
// pipe's are spliced to /dev/null, a TCP socket's are dropped in the kernel.
ssize_t drop(int source, int null, std::size_t bytes, bool from_tcp) {
    if (from_tcp) return ::recv(source, nullptr, bytes, MSG_TRUNC);
    return ::splice(source, nullptr, null, nullptr, bytes, 0);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const char* report = arguments.text("--report");
    const std::uint64_t expected = arguments.number("--expect", 0);
    const std::uint64_t chunk = arguments.number("--chunk", 256 * 1024);
    const bool drops = arguments.flag("--drop");
    if (report == nullptr || chunk == 0)
        bench::usage(
            "sink --report FILE [--expect N] [--chunk N] [--drop] [--pipe BYTES] [--tcp PORT]");

    const std::uint64_t port = arguments.number("--tcp", 0);
    const int source = port != 0 ? bench::accepted_on(port) : STDIN_FILENO;
    bench::set_pipe_bytes(source, arguments.number("--pipe", 0));
    const int null = bench::must("/dev/null", ::open("/dev/null", O_WRONLY | O_CLOEXEC));

    std::vector<char> buffer(chunk);
    std::uint64_t total = 0;
    auto start = std::chrono::steady_clock::now();
    for (;;) {
        const ssize_t n = drops ? drop(source, null, chunk, port != 0)
                                : ::read(source, buffer.data(), buffer.size());
        if (bench::must("read", n) == 0) break;
        if (total == 0) start = std::chrono::steady_clock::now();
        total += static_cast<std::uint64_t>(n);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

    std::FILE* file = std::fopen(report, "w");
    if (file == nullptr) bench::die(report);
    std::fprintf(file, "%llu %.6f\n", static_cast<unsigned long long>(total), seconds.count());
    if (std::fclose(file) != 0) bench::die(report);
    if (expected != 0 && total != expected) {
        std::fprintf(stderr, "bench: %llu bytes came, not %llu\n",
                     static_cast<unsigned long long>(total),
                     static_cast<unsigned long long>(expected));
        return 1;
    }
    return 0;
}
