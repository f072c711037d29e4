// How many connections a second a relay opens, uses and closes.
//
// connects COUNT AT_ONCE NEAR FAR
//
// Listens on the TCP port FAR and connects COUNT times to NEAR, where the relay listens,
// AT_ONCE at a time. Each client sends 64 bytes, waits for their echo and closes; the
// time ends when the last connection on FAR has seen its end. Prints connections a second.
//
// Who closes first keeps the port for a minute: a run with other ports than the one
// before does not meet what that one left.
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <vector>

#include "bench.hpp"

namespace {

constexpr std::size_t message_bytes = 64;

class Run {
public:
    Run(long count, std::uint64_t near, std::uint64_t far)
        : count_(count),
          near_(bench::tcp_place(near)),
          epoll_(bench::must("epoll", ::epoll_create1(EPOLL_CLOEXEC))),
          listener_(bench::listening_on(bench::tcp_place(far), 4096, SOCK_NONBLOCK)) {
        watch(listener_, Role::listener, EPOLLIN);
    }

    void open_client() {
        if (opened_ == count_) return;
        ++opened_;
        const int fd = bench::stream_socket(near_, SOCK_NONBLOCK);
        if (::connect(fd, near_.get(), near_.bytes) != 0 && errno != EINPROGRESS)
            bench::die("connect");
        // Both, and edges: one call for each client, however long it lives.
        watch(fd, Role::connecting, EPOLLIN | EPOLLOUT | EPOLLET);
    }

    void until_all_are_closed() {
        std::array<epoll_event, 256> events{};
        while (served_ < count_ || answered_ < count_) {
            const int n = bench::must("epoll_wait",
                                      ::epoll_wait(epoll_, events.data(), events.size(), 20'000));
            if (n == 0) errno = ETIMEDOUT, bench::die("connections");
            for (int i = 0; i < n; ++i) handle(events.at(static_cast<std::size_t>(i)).data.fd);
        }
    }

private:
    enum class Role { none, listener, connecting, waiting, serving };
    // How many bytes of its message a connection has had, and what it is.
    struct Connection {
        Role role = Role::none;
        std::size_t got = 0;
    };

    void watch(int fd, Role role, std::uint32_t events) {
        if (connections_.size() <= static_cast<std::size_t>(fd))
            connections_.resize(static_cast<std::size_t>(fd) + 1);
        connection(fd) = Connection{role};
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        bench::must("epoll_ctl", ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event));
    }

    Connection& connection(int fd) { return connections_.at(static_cast<std::size_t>(fd)); }

    void handle(int fd) {
        switch (connection(fd).role) {
            case Role::listener: return accept_all();
            case Role::connecting: return ask(fd);
            case Role::waiting: return take_answer(fd);
            case Role::serving: return serve(fd);
            case Role::none: return;
        }
    }

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0 && errno == EAGAIN) return;
            watch(bench::must("accept", fd), Role::serving, EPOLLIN);
        }
    }

    void ask(int fd) {
        const std::array<char, message_bytes> message{};
        bench::must("connect, send", ::send(fd, message.data(), message.size(), MSG_NOSIGNAL));
        connection(fd).role = Role::waiting;
    }

    // Says how many bytes came: 0 at the end, none when there are none yet.
    std::optional<std::size_t> receive(int fd) {
        std::array<char, message_bytes> message{};
        const ssize_t n = ::recv(fd, message.data(), message.size(), 0);
        if (n < 0 && errno == EAGAIN) return std::nullopt;
        connection(fd).got += static_cast<std::size_t>(bench::must("recv", n));
        return static_cast<std::size_t>(n);
    }

    void take_answer(int fd) {
        const auto came = receive(fd);
        if (came && *came == 0) bench::die("the relay closed before the answer");
        if (connection(fd).got < message_bytes) return;
        forget(fd);
        ++answered_;
        open_client();
    }

    void serve(int fd) {
        const auto came = receive(fd);
        if (!came) return;
        if (*came == 0) {
            if (connection(fd).got != message_bytes) bench::die("the relay lost bytes");
            forget(fd);
            ++served_;
        } else if (connection(fd).got == message_bytes) {
            const std::array<char, message_bytes> message{};
            bench::must("send", ::send(fd, message.data(), message.size(), MSG_NOSIGNAL));
        }
    }

    void forget(int fd) {
        connection(fd) = Connection{};
        ::close(fd);
    }

    long count_;
    bench::Place near_;
    int epoll_;
    int listener_;
    std::vector<Connection> connections_;
    long opened_ = 0;
    long answered_ = 0;
    long served_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) bench::usage("connects COUNT AT_ONCE NEAR FAR");
    const auto number = [argv](int i) { return std::strtoull(argv[i], nullptr, 10); };
    const auto count = static_cast<long>(number(1));
    Run run(count, number(3), number(4));

    const auto began = std::chrono::steady_clock::now();
    for (auto i = number(2); i > 0; --i) run.open_client();
    run.until_all_are_closed();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%.1f\n", static_cast<double>(count) / took.count());
    return 0;
}
