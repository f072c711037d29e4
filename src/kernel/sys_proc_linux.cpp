// The system calls of sys_proc.hpp, as Linux has them.
#include "kernel/sys_proc.hpp"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "kernel/sys_call.hpp"
#include "kernel/sys_file.hpp"

namespace zc::sys {
namespace {

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

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const std::string& each : texts) out.push_back(const_cast<char*>(each.c_str()));
    out.push_back(nullptr);
    return out;
}

// Holds every signal back from this thread, and from the child it makes: a handler
// of ours has no business there.
class SignalsHeld {
public:
    SignalsHeld() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;

private:
    sigset_t before_{};
};

// What a program expects: nothing handled, nothing held back. What we inherited as
// ignored stays so, but for the signals we may have ignored ourselves.
void reset_signals() {
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    for (int each = 1; each < NSIG; ++each) {
        const bool ours = each == SIGPIPE || each == SIGINT || each == SIGTERM || each == SIGHUP ||
                          each == SIGCHLD;
        struct sigaction now {};
        if (::sigaction(each, nullptr, &now) != 0) continue;
        if (ours || now.sa_handler != SIG_IGN) ::sigaction(each, &usual, nullptr);
    }
    sigset_t nothing;
    ::sigemptyset(&nothing);
    ::pthread_sigmask(SIG_SETMASK, &nothing, nullptr);
}

// What the child works on, made before it is: the memory is ours, and another thread
// may hold the allocator's lock. It complains here, and is over before we go on.
struct Start {
    const Spawn* what;
    std::vector<char*> arguments, environment;
    const Identity* identity;
    Error complaint{};
};

// Kernel: the C library's calls would change every thread's user, and those are ours.
Result<void> become_here(const Identity& identity) {
    const auto call = [](const char* name, auto... arguments) {
        return done(name, [&] { return static_cast<int>(::syscall(arguments...)); });
    };
    auto set = call("setgroups", SYS_setgroups, identity.groups.size(), identity.groups.data());
    if (set) set = call("setgid", SYS_setgid, identity.group);
    if (set) set = call("setuid", SYS_setuid, identity.user);
    return set;
}

Result<void> run_program(const Start& start) {
    const Spawn& what = *start.what;
    Result<void> ready;
    if (what.new_session) ready = done("setsid", [] { return ::setsid(); });
    for (const Inherited& each : what.descriptors)
        if (ready) ready = done("dup2", [&] { return ::dup2(each.fd.number(), each.as); });
    if (ready && !what.directory.empty())
        ready = done("chdir", [&] { return ::chdir(what.directory.c_str()); });
    if (ready && start.identity != nullptr) ready = become_here(*start.identity);
    // Kernel: select(2) breaks on descriptors above 1023, so a program gets the limit it expects.
    if (given_limit) (void)::setrlimit(RLIMIT_NOFILE, &*given_limit);
    if (!ready) return ready;
    reset_signals();
    return done("exec", [&] {
        return ::execvpe(start.arguments[0], start.arguments.data(), start.environment.data());
    });
}

int run_child(void* argument) {
    constexpr int cannot_execute = 127;
    auto& start = *static_cast<Start*>(argument);
    start.complaint = run_program(start).error();
    return cannot_execute;
}

// Kernel: a child in our memory costs the same however much of that there is, and no
// descriptor to hear of exec(3): this thread sleeps until it has happened or failed.
Result<int> start_child(Start& start) {
    constexpr std::size_t stack_bytes = 256 * 1024;
    const std::unique_ptr<std::byte[]> stack(new std::byte[stack_bytes]);
    const SignalsHeld held;
    return checked("clone", [&] {
        return ::clone(run_child, stack.get() + stack_bytes, CLONE_VM | CLONE_VFORK | SIGCHLD,
                       &start);
    });
}

// The child is ours and not reaped: its number cannot have passed to another process
// before the pidfd holds it.
Result<Fd> watch_end_of(int pid) {
    auto exited =
        checked("pidfd_open", [&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
    if (!exited) return failure(exited.error());
    return above_standard(Fd(*exited));
}

}  // namespace

Result<ChildProcess> spawn(const Spawn& what) {
    // Kernel: where SIGCHLD is ignored, which is inherited, nobody learns how a child ended.
    (void)::signal(SIGCHLD, SIG_DFL);
    const bool other = what.identity && !is_already(*what.identity);
    Start start{&what, pointers_to(what.arguments), merged_environment(what.environment),
                other ? &*what.identity : nullptr};
    const auto pid = start_child(start);
    if (!pid) return failure(pid.error());
    const bool runs = start.complaint.code == 0;
    auto exited = runs ? watch_end_of(*pid) : failure(start.complaint);
    if (exited) return ChildProcess{*pid, std::move(*exited)};
    (void)::kill(*pid, SIGKILL);
    (void)checked("waitpid", [&] { return ::waitpid(*pid, nullptr, 0); });
    return failure(exited.error());
}

Result<void> send_signal(int pid, Group group, int signal) {
    return done("kill", [&] { return ::kill(group == Group::whole ? -pid : pid, signal); });
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

std::optional<std::size_t> terminal_columns(FdView terminal) {
    winsize size{};
    if (::ioctl(terminal.number(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    return size.ws_col;
}

std::optional<std::size_t> pipe_quota_bytes() {
    std::size_t pages = 0;
    if (!(std::ifstream("/proc/sys/fs/pipe-user-pages-soft") >> pages) || pages == 0)
        return std::nullopt;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

int own_pid() { return ::getpid(); }

std::string host_name() {
    std::array<char, 256> name{};
    (void)::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

}  // namespace zc::sys
