// How long a message of 64 bytes takes through a relay and back.
//
// trips COUNT NEAR FAR
//
// Listens on the TCP port FAR and connects to NEAR, where the relay listens; prints the
// median of COUNT round trips, in microseconds. One thread plays both ends: nobody but
// the relay has to be woken in between.
#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "bench.hpp"

namespace {

using Message = std::array<char, 64>;

void send(int fd, const Message& message) {
    const auto n = bench::must("send", ::send(fd, message.data(), message.size(), 0));
    if (static_cast<std::size_t>(n) != message.size()) bench::die("a message was cut");
}

void expect(int fd, const Message& message) {
    Message got{};
    const auto n = bench::must("recv", ::recv(fd, got.data(), got.size(), MSG_WAITALL));
    if (static_cast<std::size_t>(n) != got.size() || got != message) bench::die("lost bytes");
}

double trip(int client, int server, const Message& message) {
    const auto began = std::chrono::steady_clock::now();
    send(client, message);
    expect(server, message);
    send(server, message);
    expect(client, message);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    return took.count();
}

}  // namespace

int main(int argc, char** argv) {
    const long count = argc == 4 ? std::strtol(argv[1], nullptr, 10) : 0;
    if (count < 1) bench::usage("trips COUNT NEAR FAR");
    const int listener =
        bench::listening_on(bench::tcp_place(std::strtoull(argv[3], nullptr, 10)), 1);
    const int client = bench::connected_to(bench::tcp_place(std::strtoull(argv[2], nullptr, 10)));
    const int server = bench::must("accept", ::accept(listener, nullptr, nullptr));
    bench::set_no_delay(client);
    bench::set_no_delay(server);

    // The first ones warm caches and are not counted.
    std::vector<double> times;
    for (long i = -count / 10; i < count; ++i) {
        Message message{};
        message.fill(static_cast<char>(i));
        const double time = trip(client, server, message);
        if (i >= 0) times.push_back(time);
    }
    const auto middle = times.begin() + count / 2;
    std::nth_element(times.begin(), middle, times.end());
    std::printf("%.3f\n", *middle);
    return 0;
}
