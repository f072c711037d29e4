// Standard input is a pipe that another program writes.
//
// pipe_probe         asks for its size, reads it without blocking and asks again,
//                    as any neighbour may, and fails when one of these calls does
//                    not come back within 2 s.
// pipe_probe BYTES   reads and checks the first BYTES of test stream 1, without
//                    blocking, and fails when they have not come within 20 s.
//
// Kernel: a splice(2) that sleeps on a socket holds the lock of the pipe at its
// other end, and whoever touches that pipe sleeps too, where no signal reaches
// him. So it is a child that asks; when it is stuck it is left alone.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "pattern.hpp"

namespace {

template <class Answer>
Answer must(const char* what, Answer answer) {
    if (answer >= 0) return answer;
    std::perror(what);
    std::exit(1);
}

// Whoever is stuck keeps nothing of the caller's open but the pipe itself.
void keep_only(int answer) {
    must("dup2", ::dup2(answer, 1));
    must("dup2", ::dup2(answer, 2));
    must("close_range", ::close_range(3, ~0U, 0));
}

[[noreturn]] void say(const char* text) {
    std::fputs(text, stderr);
    ::_exit(0);
}

void set_flags(int flags) { must("F_SETFL", ::fcntl(0, F_SETFL, flags)); }

[[noreturn]] void ask() {
    std::array<char, 4096> buffer{};
    int size = 0;
    set_flags(O_NONBLOCK);
    for (int i = 0; i < 100; ++i) {
        must("FIONREAD", ::ioctl(0, FIONREAD, &size));
        must("F_GETPIPE_SZ", ::fcntl(0, F_GETPIPE_SZ));
        const ssize_t n = ::read(0, buffer.data(), buffer.size());
        if (n == 0) say("the writer has left");
        if (n < 0 && errno != EAGAIN) must("read", n);
    }
    set_flags(0);
    say("fine");
}

[[noreturn]] void read_bytes(std::uint64_t total) {
    std::array<char, 65536> buffer{};
    std::uint64_t seen = 0;
    set_flags(O_NONBLOCK);
    while (seen < total) {
        pollfd polled{0, POLLIN, 0};
        must("poll", ::poll(&polled, 1, -1));
        const auto most = std::min<std::uint64_t>(buffer.size(), total - seen);
        const ssize_t n = ::read(0, buffer.data(), most);
        if (n == 0) say("the writer has left");
        if (n < 0 && errno == EAGAIN) continue;
        must("read", n);
        const auto part = std::span<const char>(buffer).first(static_cast<std::size_t>(n));
        if (zc::test::Pattern(1).first_wrong(part, seen)) say("a byte is wrong");
        seen += part.size();
    }
    set_flags(0);
    say("fine");
}

}  // namespace

int main(int argc, char** argv) {
    std::array<int, 2> answer{};
    must("pipe", ::pipe(answer.data()));
    if (must("fork", ::fork()) == 0) {
        keep_only(answer[1]);
        if (argc > 1) read_bytes(std::strtoull(argv[1], nullptr, 10));
        ask();
    }
    ::close(answer[1]);
    pollfd polled{answer[0], POLLIN, 0};
    std::string told = "stuck";
    if (must("poll", ::poll(&polled, 1, argc > 1 ? 20000 : 2000)) != 0) {
        std::array<char, 256> text{};
        told.assign(text.data(), static_cast<std::size_t>(
                                     must("read", ::read(answer[0], text.data(), text.size()))));
    }
    if (told == "fine") return 0;
    std::fprintf(stderr, "pipe_probe: %s\n", told.c_str());
    return 1;
}
