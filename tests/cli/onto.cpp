// onto WHAT ... -- PROGRAM [ARGUMENT ...]: runs the program with standard
// descriptors that a shell cannot make.
//
//   stdin-nonblock stdout-nonblock   sets O_NONBLOCK, as an unfriendly neighbour does
//   stdin-socketpair=FILE            standard input is a UNIX socket; what FILE holds
//                                    comes out of it, then the end
//   sigpipe-ignored                  as under a daemon
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

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
        must("cat", ::execlp("cat", "cat", static_cast<char*>(nullptr)));
    }
    ::close(pair[1]);
    must("dup2", ::dup2(pair[0], 0));
    ::close(pair[0]);
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
        else if (what.starts_with("stdin-socketpair="))
            feed(what.substr(what.find('=') + 1));
        else
            return 125;
    }
    if (i + 1 >= argc) return 125;
    must(argv[i + 1], ::execvp(argv[i + 1], argv + i + 1));
}
