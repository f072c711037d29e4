// The seam: child processes. Rules as in sys.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"
#include "kernel/sys_user.hpp"

namespace zc::sys {

// Gives the child `fd` under the number `as`.
struct Inherited {
    FdView fd;
    int as = 0;
};

struct Spawn {
    std::vector<std::string> arguments;    // the first is looked up in PATH
    std::vector<std::string> environment;  // NAME=value, added to or replacing ours
    std::vector<Inherited> descriptors;    // every `fd` above every `as`
    std::string directory;                 // "" stays here
    std::optional<Identity> identity;      // nothing stays who we are
    bool new_session = false;
};

// How a child ended: its exit status, or the signal that ended it.
struct Ended {
    int status = 0;
    int signal = 0;
};

// Owns     nothing: the process is a zombie until reap() has seen its end.
// `exited` is a pidfd: it polls readable when the child has ended.
struct ChildProcess {
    int pid = 0;
    Fd exited;
};

// Starts a program with an empty signal mask and SIGPIPE, SIGINT, SIGTERM,
// SIGHUP and SIGCHLD at their defaults. Descriptors that are not
// named are those that we inherited: ours are closed on exec.
//
// Order    session, descriptors, directory, identity: a directory that only we
//          may enter can be the child's.
// Errors   what setsid, dup2, chdir, setgroups, setgid, setuid or exec(3) said;
//          then there is no child.
// Kernel   pidfd_open is Linux 5.3. SIGCHLD is at its default afterwards.
Result<ChildProcess> spawn(const Spawn& what);

// Takes    the process; with Group::whole also everybody in its session's first group.
enum class Group : std::uint8_t { leader, whole };
Result<void> send_signal(int pid, Group group, int signal);

// Returns  how it ended; nothing while it runs.
Result<std::optional<Ended>> reap(int pid);

// Lets this process have as many descriptors as it may; children that are started
// later get the limit there was.
void raise_descriptor_limit();

// How much memory the pipes of one ordinary user may have before new ones become
// small, in bytes (pipe(7)); nothing when there is no such limit.
[[nodiscard]] std::optional<std::size_t> pipe_quota_bytes();

// How many columns a terminal has; nothing when it is none, or does not say.
[[nodiscard]] std::optional<std::size_t> terminal_columns(FdView terminal);

[[nodiscard]] int own_pid();
[[nodiscard]] std::string host_name();
[[nodiscard]] std::string signal_name(int signal);

}  // namespace zc::sys
