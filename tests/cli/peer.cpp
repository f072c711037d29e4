// A client or server that does one thing after the other, as its arguments say.
//
// peer [--ready FILE] [--count N] [--rcvbuf BYTES] ADDRESS STEP ...
//
// ADDRESS  tcp:PORT  unix:PATH                connects
//          tcp-listen  unix-listen:PATH       accepts; FILE then holds the port
//          (a UNIX listener writes 0), written once it listens. With --count N
//          that many connections are served side by side, each with all steps.
// Steps:
//   send=N[,SEED]        the next N bytes of that stream (see pattern.hpp)
//   expect=N[,SEED]      exactly the next N bytes of that stream
//   duplex=N,SEED,M,SEED sends N and expects M at once, half-closes after the
//                        last byte sent; the end must follow the last expected
//   mirror               sends back whatever comes, up to the end
//   say=TEXT  hear=TEXT  sends, expects this text
//   shut                 half-close
//   end                  the end of the stream must come now
//   drain                reads to the end, whatever it is
//   cut                  reads until the connection is reset; a clean end is wrong
//   stuffed              writes until the other side takes no more for 200 ms
//   gate=FIFO            waits until somebody has opened and closed FIFO
//   mark=FILE            creates FILE: the test sees that we are here
//   pause=MS             does nothing for so long: a slow program, not a way to wait
//   reset                closes so that the other side sees a connection reset
//
// Ends with 0 when all was as expected. Gives up after 100 s.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pattern.hpp"
#include "socket_aid.hpp"

namespace {

using namespace zc::test;
constexpr std::size_t piece_bytes = 64 * 1024;

std::vector<std::uint64_t> numbers_of(std::string_view text) {
    std::vector<std::uint64_t> out;
    while (!text.empty()) {
        out.push_back(take_number(text));
        if (!text.empty()) text.remove_prefix(1);
    }
    return out;
}

class Connection {
public:
    explicit Connection(int fd) : fd_(fd) {}

    void run(const std::vector<std::string>& steps) {
        for (const std::string& step : steps) {
            current_step = step;
            const auto equals = step.find('=');
            take(step.substr(0, equals),
                 equals == std::string::npos ? std::string() : step.substr(equals + 1));
        }
    }

private:
    void take(const std::string& verb, const std::string& value) {
        if (verb == "say") return write_all(std::span(value));
        if (verb == "hear") return hear(value);
        if (verb == "gate") return wait_at(value);
        if (verb == "mark") return touch(value, "");
        if (verb == "shut") return void(must("shutdown", ::shutdown(fd_, SHUT_WR)));
        if (verb == "end") return expect_end();
        if (verb == "drain") return drain();
        if (verb == "cut") return expect_cut();
        if (verb == "mirror") return mirror();
        if (verb == "stuffed") return stuff();
        if (verb == "reset") return reset();
        auto numbers = numbers_of(value);
        if (verb == "pause") return void(::poll(nullptr, 0, static_cast<int>(numbers.at(0))));
        if (numbers.size() == 1) numbers.push_back(1);
        if (verb == "send") return send(numbers.at(0), numbers.at(1));
        if (verb == "expect") return expect(numbers.at(0), numbers.at(1));
        if (verb == "duplex") return duplex(numbers);
        die("no such step");
    }

    void write_all(std::span<const char> bytes) {
        while (!bytes.empty()) {
            const auto n = must("write", ::write(fd_, bytes.data(), bytes.size()));
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
    }

    void send(std::uint64_t total, std::uint64_t seed) {
        while (total != 0) total -= send_piece(total, seed);
    }
    std::uint64_t send_piece(std::uint64_t most, std::uint64_t seed) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, piece_bytes));
        Pattern(seed).fill(std::span(buffer_).first(count), sent_[seed]);
        const auto n = must("write", ::write(fd_, buffer_.data(), count));
        sent_[seed] += static_cast<std::uint64_t>(n);
        return static_cast<std::uint64_t>(n);
    }

    void expect(std::uint64_t total, std::uint64_t seed) {
        while (total != 0) {
            const std::uint64_t got = expect_piece(total, seed);
            if (got == 0) die("the end came " + std::to_string(total) + " bytes early");
            total -= got;
        }
    }
    std::uint64_t expect_piece(std::uint64_t most, std::uint64_t seed) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, piece_bytes));
        const auto n = must("read", ::read(fd_, buffer_.data(), count));
        const auto part = std::span<const char>(buffer_).first(static_cast<std::size_t>(n));
        if (const auto wrong = Pattern(seed).first_wrong(part, seen_[seed]))
            die("byte " + std::to_string(*wrong) + " is wrong");
        seen_[seed] += part.size();
        return part.size();
    }

    void duplex(const std::vector<std::uint64_t>& n) {
        std::uint64_t to_send = n.at(0);
        std::uint64_t to_come = n.at(2);
        must("O_NONBLOCK", ::fcntl(fd_, F_SETFL, O_NONBLOCK));
        while (to_send != 0 || to_come != 0) {
            const short wanted =
                static_cast<short>((to_send != 0 ? POLLOUT : 0) | (to_come != 0 ? POLLIN : 0));
            pollfd polled{fd_, wanted, 0};
            must("poll", ::poll(&polled, 1, -1));
            if (to_send != 0 && (polled.revents & (POLLOUT | POLLERR)) != 0) {
                to_send -= send_piece(to_send, n.at(1));
                if (to_send == 0) must("shutdown", ::shutdown(fd_, SHUT_WR));
            }
            if (to_come != 0 && (polled.revents & (POLLIN | POLLHUP)) != 0) {
                const std::uint64_t got = expect_piece(to_come, n.at(3));
                if (got == 0) die("the end came " + std::to_string(to_come) + " bytes early");
                to_come -= got;
            }
        }
        must("blocking", ::fcntl(fd_, F_SETFL, 0));
        if (n.at(0) == 0) must("shutdown", ::shutdown(fd_, SHUT_WR));
        expect_end();
    }

    void hear(std::string_view text) {
        std::string heard(text.size(), '\0');
        std::size_t have = 0;
        while (have < heard.size()) {
            const auto n = must("read", ::read(fd_, heard.data() + have, heard.size() - have));
            if (n == 0) die("heard only '" + heard.substr(0, have) + "'");
            have += static_cast<std::size_t>(n);
        }
        if (heard != text) die("heard '" + heard + "'");
    }

    void expect_end() {
        char more = 0;
        if (must("read", ::read(fd_, &more, 1)) != 0) die("there is more to come");
    }
    void drain() {
        while (must("read", ::read(fd_, buffer_.data(), buffer_.size())) != 0) continue;
    }
    void expect_cut() {
        for (;;) {
            const auto n = ::read(fd_, buffer_.data(), buffer_.size());
            if (n < 0 && errno == ECONNRESET) return;
            if (must("read", n) == 0) die("a clean end");
        }
    }
    void mirror() {
        for (;;) {
            const auto n = must("read", ::read(fd_, buffer_.data(), buffer_.size()));
            if (n == 0) return;
            write_all(std::span<const char>(buffer_).first(static_cast<std::size_t>(n)));
        }
    }
    void stuff() {
        for (;;) {
            pollfd polled{fd_, POLLOUT, 0};
            if (must("poll", ::poll(&polled, 1, 200)) == 0) return;
            const auto n = ::send(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN) die(std::strerror(errno));
        }
    }
    void reset() {
        const linger now{1, 0};
        must("SO_LINGER", ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now));
        must("close", ::close(fd_));
    }
    static void wait_at(const std::string& fifo) {
        const int gate = must("open", ::open(fifo.c_str(), O_RDONLY));
        char ignored = 0;
        while (must("read", ::read(gate, &ignored, 1)) != 0) continue;
        ::close(gate);
    }

    int fd_;
    std::vector<char> buffer_ = std::vector<char>(piece_bytes);
    std::map<std::uint64_t, std::uint64_t> sent_;
    std::map<std::uint64_t, std::uint64_t> seen_;
};

struct Options {
    std::string ready;
    std::uint64_t count = 1;
    int receive_buffer = 0;
    std::string address;
    std::vector<std::string> steps;
};

int make_socket(Name& name, const Options& options) {
    const int fd = name.open(0);
    if (options.receive_buffer != 0)
        must("SO_RCVBUF", ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                                       sizeof options.receive_buffer));
    return fd;
}

void serve(int connection, const std::vector<std::string>& steps) {
    Connection(connection).run(steps);
}

int serve_many(int listener, const Options& options) {
    for (std::uint64_t i = 0; i < options.count; ++i) {
        const int connection = must("accept", ::accept(listener, nullptr, nullptr));
        if (must("fork", ::fork()) == 0) {
            ::alarm(100);
            ::close(listener);
            serve(connection, options.steps);
            std::exit(0);
        }
        ::close(connection);
    }
    int failed = 0;
    for (int status = 0; ::wait(&status) > 0;) failed |= status;
    return failed == 0 ? 0 : 1;
}

int run(const Options& options) {
    Name name = name_of(options.address);
    const int fd = make_socket(name, options);
    if (!name.listens) {
        must("connect", ::connect(fd, name.get(), name.length));
        serve(fd, options.steps);
        return 0;
    }
    constexpr int backlog = 64;
    name.listen(fd, backlog, options.ready);
    if (options.count != 1) return serve_many(fd, options);
    const int connection = must("accept", ::accept(fd, nullptr, nullptr));
    ::close(fd);
    serve(connection, options.steps);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    ::alarm(100);
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--ready" && i + 1 < argc)
            options.ready = argv[++i];
        else if (word == "--count" && i + 1 < argc)
            options.count = numbers_of(argv[++i]).at(0);
        else if (word == "--rcvbuf" && i + 1 < argc)
            options.receive_buffer = static_cast<int>(numbers_of(argv[++i]).at(0));
        else if (options.address.empty())
            options.address = word;
        else
            options.steps.emplace_back(word);
    }
    if (options.address.empty()) die("no address");
    return run(options);
}
