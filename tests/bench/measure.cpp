// measure REPORT PROGRAM [ARGUMENT ...]: runs the program, writes "wall cpu"
// (seconds; cpu is user and system time of that one program and the children it
// waited for) to the file REPORT and ends with the program's status.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>

#include "bench.hpp"

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) bench::usage("measure REPORT PROGRAM [ARGUMENT ...]");

    const auto start = std::chrono::steady_clock::now();
    const pid_t child = bench::must("fork", ::fork());
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::execvp(argv[2], argv + 2);
        std::fprintf(stderr, "bench: %s: %s\n", argv[2], std::strerror(errno));
        ::_exit(127);
    }
    // What the program reads and writes must not be held open here: a pipe ends
    // when its last writer leaves.
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);

    int status = 0;
    rusage usage{};
    bench::must("wait4", ::wait4(child, &status, 0, &usage));
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

    std::FILE* file = std::fopen(argv[1], "w");
    if (file == nullptr) bench::die(argv[1]);
    std::fprintf(file, "%.6f %.6f\n", wall.count(),
                 seconds(usage.ru_utime) + seconds(usage.ru_stime));
    if (std::fclose(file) != 0) bench::die(argv[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
