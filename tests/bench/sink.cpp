// Consumes standard input, or connections to a TCP port of this machine or to a UNIX
// socket, up to their end, and says how many bytes came in how many seconds from the first
// one on. Fails when it is not the number expected.
//
// --drop: without looking at them. --pause MICROSECONDS: after every chunk.
// --ready FD: a byte is written there when connections can be made.
#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "bench.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// AF_UNSPEC for what is no socket.
int family_of(int fd) {
    int family = AF_UNSPEC;
    socklen_t bytes = sizeof(family);
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes) != 0) return AF_UNSPEC;
    return family;
}

// Takes bytes without looking at them, so that what sends them is measured: a
// pipe's are spliced to /dev/null, a TCP socket's are dropped in the kernel, a UNIX
// socket's go to /dev/null through a pipe.
class Dropper {
public:
    explicit Dropper(int source) : source_(source), family_(family_of(source)) {
        null_ = bench::must("/dev/null", ::open("/dev/null", O_WRONLY | O_CLOEXEC));
        if (family_ != AF_UNIX) return;
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

struct How {
    std::size_t chunk = 0;
    bool drops = false;
    std::chrono::microseconds pause{};
};

struct Taken {
    std::uint64_t bytes = 0;
    Clock::time_point first = Clock::time_point::max();
    Clock::time_point end = Clock::time_point::min();

    void add(const Taken& other) {
        bytes += other.bytes;
        first = std::min(first, other.first);
        end = std::max(end, other.end);
    }
    [[nodiscard]] double seconds() const {
        return bytes == 0 ? 0 : std::chrono::duration<double>(end - first).count();
    }
};

Taken take_all(int source, const How& how) {
    Dropper drop(source);
    std::vector<char> buffer(how.chunk);
    Taken taken;
    for (;;) {
        const ssize_t n =
            how.drops ? drop(how.chunk) : ::read(source, buffer.data(), buffer.size());
        if (bench::must("read", n) == 0) break;
        if (taken.bytes == 0) taken.first = Clock::now();
        taken.bytes += static_cast<std::uint64_t>(n);
        if (how.pause.count() != 0) std::this_thread::sleep_for(how.pause);
    }
    taken.end = Clock::now();
    return taken;
}

Taken take_connections(const bench::Arguments& arguments, const bench::Place& place,
                       const How& how) {
    const int listener = bench::listening_on(place, 128);
    bench::say_ready(arguments);
    std::vector<Taken> taken(arguments.number("--streams", 1));
    std::vector<std::thread> threads;
    for (Taken& one : taken) {
        const int source =
            bench::must("accept", ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        threads.emplace_back([source, &how, &one] { one = take_all(source, how); });
    }
    Taken all;
    for (std::size_t i = 0; i < taken.size(); ++i) {
        threads[i].join();
        all.add(taken[i]);
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const char* const report = arguments.text("--report");
    const How how{arguments.number("--chunk", 256 * 1024), arguments.flag("--drop"),
                  std::chrono::microseconds(arguments.number("--pause", 0))};
    if (report == nullptr || how.chunk == 0)
        bench::usage(
            "sink --report FILE [--expect N] [--chunk N] [--drop] [--pause MICROSECONDS] "
            "[--pipe BYTES] [--tcp PORT | --unix PATH] [--streams N] [--ready FD]");

    const auto place = bench::place_of(arguments);
    if (!place) bench::set_pipe_bytes(STDIN_FILENO, arguments.number("--pipe", 0));
    const Taken taken =
        place ? take_connections(arguments, *place, how) : take_all(STDIN_FILENO, how);

    std::FILE* file = std::fopen(report, "w");
    if (file == nullptr) bench::die(report);
    std::fprintf(file, "%llu %.9f\n", static_cast<unsigned long long>(taken.bytes),
                 taken.seconds());
    if (std::fclose(file) != 0) bench::die(report);
    constexpr auto any = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t expected = arguments.number("--expect", any);
    if (expected != any && taken.bytes != expected) {
        std::fprintf(stderr, "bench: %llu bytes came, not %llu\n",
                     static_cast<unsigned long long>(taken.bytes),
                     static_cast<unsigned long long>(expected));
        return 1;
    }
    return 0;
}
