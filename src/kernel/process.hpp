// This process.
#pragma once

#include "kernel/sys_proc.hpp"

namespace zc {

// Its number, for log lines.
[[nodiscard]] inline int own_pid() { return sys::own_pid(); }

}  // namespace zc
