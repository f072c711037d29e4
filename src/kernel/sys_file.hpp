// The seam: names in the file system. Rules as in sys.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc::sys {

enum class Access : std::uint8_t { read, write, both };

// How open_file() treats the name; every flag is off by itself.
struct OpenHow {
    Access access = Access::read;
    bool create = false;
    bool exclusive = false;
    bool append = false;
    bool truncate = false;
    bool no_access_time = false;
    bool not_blocking = false;
    unsigned mode = 0666;  // of a new file, before the umask
};

enum class EntryKind : std::uint8_t { missing, regular, fifo, socket, other };

// What a name stands for, and which inode that is. Follows symbolic links.
struct Entry {
    EntryKind kind = EntryKind::missing;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

// Returns  a descriptor above 2, closed on exec, never a controlling terminal.
Result<Fd> open_file(const std::string& path, const OpenHow& how);

// A missing name is an answer, not an error.
Result<Entry> look_up(const std::string& path);

Result<void> make_fifo(const std::string& path, unsigned mode);  // before the umask
Result<void> unlink(const std::string& path);
Result<void> set_mode(FdView fd, unsigned mode);
// Never follows a symbolic link.
Result<void> set_mode(const std::string& path, unsigned mode);

// Owners by number; `keep` leaves one as it is.
inline constexpr std::uint32_t keep = ~std::uint32_t{0};
Result<void> set_owner(FdView fd, std::uint32_t user, std::uint32_t group);
Result<void> set_owner(const std::string& path, std::uint32_t user, std::uint32_t group);

// O_NONBLOCK; only for descriptions that we opened.
Result<void> set_not_blocking(FdView fd);
Result<void> set_blocking(FdView fd);
// Which directions its open mode allows.
Result<Access> access_of(FdView fd);

// The same description under a number of at least `least`, closed on exec.
Result<Fd> duplicate(FdView fd, int least);
// Moves a descriptor that landed on 0, 1 or 2 out of there: a program started
// with these closed must not mistake a file of ours for its standard output.
Result<Fd> above_standard(Fd fd);

}  // namespace zc::sys
