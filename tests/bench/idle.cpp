// Holds connections through a relay that carry nothing.
//
// idle COUNT NEAR FAR
//
// Listens on the TCP port FAR, connects COUNT times to NEAR, where the relay listens,
// and sends 64 bytes each way through every connection. Then prints a line and waits
// for a signal, or for somebody to close its standard output's other end.
#include <poll.h>
#include <sys/resource.h>

#include <array>

#include "bench.hpp"

namespace {

// As many descriptors as may be had: root may have more than the hard limit.
void raise_descriptor_limit(rlim_t wanted) {
    rlimit limit{};
    bench::must("getrlimit", ::getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_cur >= wanted) return;
    const rlimit all{wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (::setrlimit(RLIMIT_NOFILE, &all) == 0) return;
    limit.rlim_cur = limit.rlim_max;
    bench::must("setrlimit", ::setrlimit(RLIMIT_NOFILE, &limit));
}

void pass(int from, int to) {
    std::array<char, 64> message{};
    bench::must("send", ::send(from, message.data(), message.size(), MSG_NOSIGNAL));
    const auto n = bench::must("recv", ::recv(to, message.data(), message.size(), MSG_WAITALL));
    if (static_cast<std::size_t>(n) != message.size()) bench::die("the relay lost bytes");
}

}  // namespace

int main(int argc, char** argv) {
    const auto count = argc == 4 ? std::strtoull(argv[1], nullptr, 10) : 0;
    if (count < 1) bench::usage("idle COUNT NEAR FAR");
    const auto near = bench::tcp_place(std::strtoull(argv[2], nullptr, 10));
    const auto far = bench::tcp_place(std::strtoull(argv[3], nullptr, 10));
    raise_descriptor_limit(2 * count + 64);

    const int listener = bench::listening_on(far, 16);
    for (auto i = count; i > 0; --i) {
        const int client = bench::connected_to(near);
        const int server = bench::must("accept", ::accept(listener, nullptr, nullptr));
        pass(client, server);
        pass(server, client);
    }
    std::puts("ready");
    std::fflush(stdout);
    pollfd reader{STDOUT_FILENO, 0, 0};
    bench::must("poll", ::poll(&reader, 1, -1));
    return 0;
}
