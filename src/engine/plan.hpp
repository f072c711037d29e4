// Which methods fit between a source and a sink, best first: a pure table.
#pragma once

#include <array>
#include <cstddef>

#include "engine/policy.hpp"
#include "kernel/fd.hpp"

namespace zc {

// Whether what is read or written there goes through pages that stay in memory.
[[nodiscard]] bool has_page_cache(FdKind kind);

// Methods in the order to try them. The last one is always `copy`, which fits
// everywhere and tells the true cause when something is wrong.
//
// aliases  the first method hands out page-cache pages of the source that
//          stay the file's until the sink's reader has consumed them; the
//          mover must hold a proof (engine/lease.hpp) that nobody writes it.
struct Plan {
    std::array<Method, 3> methods{Method::copy};
    std::size_t count = 1;
    bool aliases = false;
};

// Takes    what classify() said of both ends; no system call is made.
// Kernel   measured, GB/s with a splicing reader: pipe to pipe 21-26 direct, 20
//          through a carrier; file to pipe 19 direct, 32 through a carrier; with
//          a copying reader both 19. File to file without reflink, CPU s/GiB:
//          ext4 0.34 by copy_file_range, 0.39 by 128 KiB of read and write; tmpfs
//          0.49 and 0.55.
[[nodiscard]] Plan choose_plan(const FdFacts& source, const FdFacts& sink, Policy policy);

// The same for a fan-out, where a private pipe is always between both ends: how
// bytes are taken (`tee`, `uncached` or `copy`), and how one sink gets its share
// of them (`reflink` of a file's, `carrier`, `uncached` or `copy`).
//
// aliases  tee(2) gives all sinks the same pages, and those of a file stay the
//          file's: taking them so needs the proof. A sink with `aliases` then
//          holds such pages until its reader has consumed them.
[[nodiscard]] Plan choose_taking(const FdFacts& source, Policy policy);
[[nodiscard]] Plan choose_giving(const FdFacts& source, const FdFacts& sink, Policy policy);

}  // namespace zc
