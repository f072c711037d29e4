// Consumes standard input, or one connection to a TCP port of this machine or to a
// UNIX socket, up to its end, and says how many bytes came in how many seconds from the first
// one on. Fails when it is not the number expected.
#include <array>
#include <chrono>
#include <vector>

#include "bench.hpp"

namespace {

// Takes bytes without looking at them, so that what sends them is measured: a
// pipe's are spliced to /dev/null, a TCP socket's are dropped in the kernel, a UNIX
// socket's go to /dev/null through a pipe.
class Dropper {
public:
    Dropper(int source, int family) : source_(source), family_(family) {
        null_ = bench::must("/dev/null", ::open("/dev/null", O_WRONLY | O_CLOEXEC));
        if (family != AF_UNIX) return;
        bench::must("pipe", ::pipe2(pipe_.data(), O_CLOEXEC));
        bench::set_pipe_bytes(pipe_[1], 1 << 20);
    }

    ssize_t operator()(std::size_t bytes) {
        if (family_ == AF_INET) return ::recv(source_, nullptr, bytes, MSG_TRUNC);
        if (family_ != AF_UNIX) return ::splice(source_, nullptr, null_, nullptr, bytes, 0);
        const ssize_t n = ::splice(source_, nullptr, pipe_[1], nullptr, bytes, 0);
        for (ssize_t held = n; held > 0;)
            held -= bench::must("splice", ::splice(pipe_[0], nullptr, null_, nullptr,
                                                   static_cast<std::size_t>(held), 0));
        return n;
    }

private:
    int source_;
    int family_;
    int null_;
    std::array<int, 2> pipe_{-1, -1};
};

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const char* report = arguments.text("--report");
    const std::uint64_t expected = arguments.number("--expect", 0);
    const std::uint64_t chunk = arguments.number("--chunk", 256 * 1024);
    const bool drops = arguments.flag("--drop");
    if (report == nullptr || chunk == 0)
        bench::usage(
            "sink --report FILE [--expect N] [--chunk N] [--drop] [--pipe BYTES] "
            "[--tcp PORT | --unix PATH]");

    const auto place = bench::place_of(arguments);
    const int source = place ? bench::accepted_on(*place) : STDIN_FILENO;
    bench::set_pipe_bytes(source, arguments.number("--pipe", 0));
    Dropper drop(source, place ? place->address.ss_family : AF_UNSPEC);

    std::vector<char> buffer(chunk);
    std::uint64_t total = 0;
    auto start = std::chrono::steady_clock::now();
    for (;;) {
        const ssize_t n = drops ? drop(chunk) : ::read(source, buffer.data(), buffer.size());
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
