// cputime PID: prints the seconds of processor time that the process has used, all
// its threads and the children it waited for.
//
// Its own time is read from its clock, in nanoseconds: an idle relay uses less in five
// seconds than the tick of /proc/PID/stat, which has to do for the children.
#include <ctime>
#include <fstream>
#include <sstream>

#include "bench.hpp"

namespace {

double own_seconds(pid_t pid) {
    clockid_t clock{};
    if ((errno = ::clock_getcpuclockid(pid, &clock)) != 0) bench::die("clock_getcpuclockid");
    timespec time{};
    bench::must("clock_gettime", ::clock_gettime(clock, &time));
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double children_seconds(const char* pid) {
    std::ifstream file("/proc/" + std::string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    // The second field is a name in brackets, which may hold spaces; cutime and cstime
    // are the 14th and 15th after it.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 13; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    if (!(fields >> user >> system)) bench::die("/proc/PID/stat");
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) bench::usage("cputime PID");
    const auto pid = static_cast<pid_t>(std::strtol(argv[1], nullptr, 10));
    std::printf("%.6f\n", own_seconds(pid) + children_seconds(argv[1]));
    return 0;
}
