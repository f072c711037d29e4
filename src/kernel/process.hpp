// This process.
#pragma once

#include "kernel/sys_proc.hpp"

namespace zc {

// Its number, for log lines.
[[nodiscard]] inline int own_pid() { return sys::own_pid(); }

// What gethostname(2) says of this machine.
[[nodiscard]] inline std::string host_name() { return sys::host_name(); }

}  // namespace zc
