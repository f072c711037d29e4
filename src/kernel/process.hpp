// This process.
#pragma once

#include "kernel/sys_proc.hpp"

namespace zc {

// Its number, for log lines.
[[nodiscard]] inline int own_pid() { return sys::own_pid(); }

// What gethostname(2) says of this machine.
[[nodiscard]] inline std::string host_name() { return sys::host_name(); }

// How many columns a terminal has; nothing when it is none, or does not say.
[[nodiscard]] inline std::optional<std::size_t> terminal_columns(FdView terminal) {
    return sys::terminal_columns(terminal);
}

}  // namespace zc
