// onto WHAT ... -- PROGRAM [ARGUMENT ...]: runs the program with standard
// descriptors that a shell cannot make.
//
//   stdin-nonblock stdout-nonblock   sets O_NONBLOCK, as an unfriendly neighbour does
//   stdin-socketpair=FILE            standard input is a UNIX socket; what FILE holds
//                                    comes out of it, then the end
//   listens=FD,FILE                  descriptor FD listens, as under systemd; FILE then
//                                    holds the port
//   sigpipe-ignored                  as under a daemon
//   no-pipe-quota                    this user has as many large pipes as it may have
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>

#include "socket_aid.hpp"

namespace {

template <class Answer>
Answer must(const char* what, Answer answer) {
    if (answer >= 0) return answer;
    std::perror(what);
    std::exit(125);
}

void set_nonblocking(int fd) {
    must("O_NONBLOCK", ::fcntl(fd, F_SETFL, must("F_GETFL", ::fcntl(fd, F_GETFL)) | O_NONBLOCK));
}

void feed(const std::string& path) {
    std::array<int, 2> pair{};
    must("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()));
    if (must("fork", ::fork()) == 0) {
        ::close(pair[0]);
        must("dup2", ::dup2(must("open", ::open(path.c_str(), O_RDONLY)), 0));
        must("dup2", ::dup2(pair[1], 1));
        // The program may leave early; what the feeder says of that is not its own.
        must("dup2", ::dup2(must("open", ::open("/dev/null", O_WRONLY)), 2));
        must("cat", ::execlp("cat", "cat", static_cast<char*>(nullptr)));
    }
    ::close(pair[1]);
    must("dup2", ::dup2(pair[0], 0));
    ::close(pair[0]);
}

void listen_as(std::string_view where) {
    const auto wanted = static_cast<int>(zc::test::take_number(where));
    zc::test::Name name = zc::test::tcp_name(0);
    const int fd = name.open(0);
    constexpr int backlog = 64;
    name.listen(fd, backlog, std::string(where.substr(1)));
    if (fd == wanted)
        must("F_SETFD", ::fcntl(fd, F_SETFD, 0));
    else
        must("dup2", ::dup2(fd, wanted));
}

// A child has them, for as long as the program lives.
void use_up_pipe_quota() {
    std::array<int, 2> ready{};
    must("pipe", ::pipe(ready.data()));
    if (must("fork", ::fork()) == 0) {
        must("prctl", ::prctl(PR_SET_PDEATHSIG, SIGKILL));
        for (int fd = 0; fd < 3; ++fd) ::close(fd);
        std::array<int, 2> ends{};
        while (::pipe(ends.data()) == 0 && ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0) {
        }
        (void)!::write(ready[1], "!", 1);
        ::close(ready[1]);
        for (;;) ::pause();
    }
    char token = 0;
    ::close(ready[1]);
    if (must("read", ::read(ready[0], &token, 1)) != 1) std::exit(125);
    ::close(ready[0]);
}

}  // namespace

int main(int argc, char** argv) {
    int i = 1;
    for (; i < argc && std::string(argv[i]) != "--"; ++i) {
        const std::string what = argv[i];
        if (what == "stdin-nonblock")
            set_nonblocking(0);
        else if (what == "stdout-nonblock")
            set_nonblocking(1);
        else if (what == "sigpipe-ignored")
            std::signal(SIGPIPE, SIG_IGN);
        else if (what == "no-pipe-quota")
            use_up_pipe_quota();
        else if (what.starts_with("stdin-socketpair="))
            feed(what.substr(what.find('=') + 1));
        else if (what.starts_with("listens="))
            listen_as(std::string_view(what).substr(what.find('=') + 1));
        else
            return 125;
    }
    if (i + 1 >= argc) return 125;
    must(argv[i + 1], ::execvp(argv[i + 1], argv + i + 1));
}
