// The system calls of sys_proc.hpp, as Linux has them.
#include "kernel/sys_proc.hpp"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <string_view>

#include "kernel/sys_call.hpp"
#include "kernel/sys_file.hpp"

namespace zc::sys {
namespace {

// posix_spawn(3) answers with an errno and leaves errno alone.
Result<void> answered(const char* operation, int code) {
    if (code != 0) return failure(Error::system(operation, code));
    return {};
}

class Actions {
public:
    Actions() { ::posix_spawn_file_actions_init(&actions_); }
    ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
public:
    Attributes() { ::posix_spawnattr_init(&attributes_); }
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    posix_spawnattr_t* get() { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

// What raise_descriptor_limit() found; set before there are threads.
std::optional<rlimit> given_limit;

std::string_view name_in(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::vector<char*> merged_environment(const std::vector<std::string>& added) {
    std::vector<char*> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        bool replaced = false;
        for (const std::string& each : added) replaced |= name_in(each) == name_in(*entry);
        if (!replaced) out.push_back(*entry);
    }
    for (const std::string& each : added) out.push_back(const_cast<char*>(each.c_str()));
    out.push_back(nullptr);
    return out;
}

Result<void> prepare(const Spawn& what, Actions& actions, Attributes& attributes) {
    sigset_t defaults;
    ::sigemptyset(&defaults);
    for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&defaults, each);
    sigset_t nothing;
    ::sigemptyset(&nothing);
    const int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                      (what.new_session ? POSIX_SPAWN_SETSID : 0);
    ::posix_spawnattr_setsigdefault(attributes.get(), &defaults);
    ::posix_spawnattr_setsigmask(attributes.get(), &nothing);
    ::posix_spawnattr_setflags(attributes.get(), static_cast<short>(flags));
    for (const Inherited& each : what.descriptors) {
        const int code =
            ::posix_spawn_file_actions_adddup2(actions.get(), each.fd.number(), each.as);
        if (code != 0) return answered("dup2", code);
    }
    if (what.directory.empty()) return {};
    return answered("chdir",
                    ::posix_spawn_file_actions_addchdir_np(actions.get(), what.directory.c_str()));
}

}  // namespace

Result<ChildProcess> spawn(const Spawn& what) {
    Actions actions;
    Attributes attributes;
    if (auto prepared = prepare(what, actions, attributes); !prepared)
        return failure(prepared.error());
    std::vector<char*> arguments;
    for (const std::string& each : what.arguments)
        arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    auto environment = merged_environment(what.environment);
    ChildProcess child;
    const int code = ::posix_spawnp(&child.pid, arguments[0], actions.get(), attributes.get(),
                                    arguments.data(), environment.data());
    if (code != 0) return failure(Error::system("exec", code));
    // Kernel: select(2) breaks on descriptors above 1023, so a program gets the limit it expects.
    if (given_limit) (void)::prlimit(child.pid, RLIMIT_NOFILE, &*given_limit, nullptr);
    // The child is ours and not reaped: its number cannot have passed to
    // another process before the pidfd holds it.
    auto exited = checked(
        "pidfd_open", [&] { return static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)); });
    if (!exited) {
        (void)::kill(child.pid, SIGKILL);
        (void)checked("waitpid", [&] { return ::waitpid(child.pid, nullptr, 0); });
        return failure(exited.error());
    }
    auto moved = above_standard(Fd(*exited));
    if (!moved) return failure(moved.error());
    child.exited = std::move(*moved);
    return child;
}

Result<void> send_sigterm(int pid, Group group) {
    return done("kill", [&] { return ::kill(group == Group::whole ? -pid : pid, SIGTERM); });
}

Result<std::optional<Ended>> reap(int pid) {
    int status = 0;
    auto seen = checked("waitpid", [&] { return ::waitpid(pid, &status, WNOHANG); });
    if (!seen) return failure(seen.error());
    if (*seen == 0) return std::optional<Ended>();
    if (WIFSIGNALED(status)) return Ended{0, WTERMSIG(status)};
    return Ended{WEXITSTATUS(status), 0};
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    given_limit = limit;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<std::size_t> pipe_quota_bytes() {
    std::size_t pages = 0;
    if (!(std::ifstream("/proc/sys/fs/pipe-user-pages-soft") >> pages) || pages == 0)
        return std::nullopt;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

int own_pid() { return ::getpid(); }

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

}  // namespace zc::sys
