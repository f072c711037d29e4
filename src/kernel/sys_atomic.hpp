// The seam: files that get their name when they are whole. Rules as in sys.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc::sys {

// A file without a name in this directory (O_TMPFILE); gone when it is closed.
//
// Errors   EOPNOTSUPP, EISDIR, ENOENT where the file system has no such thing.
Result<Fd> open_unnamed(const std::string& directory, unsigned mode);

// Gives a file that has none a name.
//
// Errors   EEXIST; ENOENT without /proc.
Result<void> link_unnamed(FdView file, const std::string& path);

Result<void> rename(const std::string& from, const std::string& to);
// Until it is on the disk: the file's bytes, or a directory's names.
Result<void> sync(FdView file);
Result<void> sync_directory(const std::string& path);

// Where a path leads in the end, through symbolic links; the path itself for what is
// not there.
Result<std::string> real_path(const std::string& path);

// What a file's name stands for, and who may do what with it.
struct Ownership {
    bool exists = false;
    bool regular = false;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    unsigned mode = 0;
};
Result<Ownership> ownership_of(const std::string& path);

// Removes these names when a signal ends the process: SIGTERM, SIGINT, SIGHUP, SIGQUIT,
// SIGPIPE, as far as they are not ignored, caught or blocked.
//
// Takes    at most 256 names at a time; forget_name() the same string.
// Returns  false when there is no room for another.
// Kernel   unlink(2) may be called by a signal handler; SIGKILL is not heard of.
[[nodiscard]] bool remember_name(const std::string& path);
void forget_name(const std::string& path);

}  // namespace zc::sys
