// The system calls of sys_file.hpp, as Linux has them.
#include "kernel/sys_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/sys_call.hpp"

namespace zc::sys {
namespace {

int access_flag(Access access) {
    switch (access) {
        case Access::read: return O_RDONLY;
        case Access::write: return O_WRONLY;
        case Access::both: return O_RDWR;
    }
    return O_RDONLY;
}

EntryKind kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG: return EntryKind::regular;
        case S_IFIFO: return EntryKind::fifo;
        case S_IFSOCK: return EntryKind::socket;
        default: return EntryKind::other;
    }
}

Result<void> change_flags(FdView fd, int cleared, int set) {
    auto flags = checked("F_GETFL", [&] { return ::fcntl(fd.number(), F_GETFL); });
    if (!flags) return failure(flags.error());
    return done("F_SETFL",
                [&] { return ::fcntl(fd.number(), F_SETFL, (*flags & ~cleared) | set); });
}

}  // namespace

Result<Fd> open_file(const std::string& path, const OpenHow& how) {
    const int flags = access_flag(how.access) | O_CLOEXEC | O_NOCTTY | (how.create ? O_CREAT : 0) |
                      (how.exclusive ? O_EXCL : 0) | (how.append ? O_APPEND : 0) |
                      (how.truncate ? O_TRUNC : 0) | (how.no_access_time ? O_NOATIME : 0) |
                      (how.not_blocking ? O_NONBLOCK : 0);
    auto fd = checked("open", [&] { return ::open(path.c_str(), flags, mode_t{how.mode}); });
    if (!fd) return failure(fd.error());
    return above_standard(Fd(*fd));
}

Result<Entry> look_up(const std::string& path) {
    struct stat found {};
    auto looked = done("stat", [&] { return ::stat(path.c_str(), &found); });
    if (looked) return Entry{kind_of(found.st_mode), found.st_dev, found.st_ino};
    if (looked.error().code == ENOENT) return Entry{};
    return failure(looked.error());
}

Result<void> make_fifo(const std::string& path, unsigned mode) {
    return done("mkfifo", [&] { return ::mkfifo(path.c_str(), mode_t{mode}); });
}

Result<void> unlink(const std::string& path) {
    return done("unlink", [&] { return ::unlink(path.c_str()); });
}

Result<void> set_mode(FdView fd, unsigned mode) {
    return done("fchmod", [&] { return ::fchmod(fd.number(), mode_t{mode}); });
}

Result<void> set_mode(const std::string& path, unsigned mode) {
    return done("fchmodat", [&] {
        return ::fchmodat(AT_FDCWD, path.c_str(), mode_t{mode}, AT_SYMLINK_NOFOLLOW);
    });
}

Result<void> set_owner(FdView fd, std::uint32_t user, std::uint32_t group) {
    return done("fchown", [&] { return ::fchown(fd.number(), user, group); });
}

Result<void> set_owner(const std::string& path, std::uint32_t user, std::uint32_t group) {
    return done("lchown", [&] { return ::lchown(path.c_str(), user, group); });
}

Result<void> set_not_blocking(FdView fd) { return change_flags(fd, 0, O_NONBLOCK); }
Result<void> set_blocking(FdView fd) { return change_flags(fd, O_NONBLOCK, 0); }

Result<Access> access_of(FdView fd) {
    return checked("F_GETFL", [&] { return ::fcntl(fd.number(), F_GETFL); }).map([](int flags) {
        if ((flags & O_ACCMODE) == O_RDONLY) return Access::read;
        return (flags & O_ACCMODE) == O_WRONLY ? Access::write : Access::both;
    });
}

Result<Fd> duplicate(FdView fd, int least) {
    return checked("F_DUPFD_CLOEXEC", [&] { return ::fcntl(fd.number(), F_DUPFD_CLOEXEC, least); })
        .map([](int number) { return Fd(number); });
}

Result<Fd> above_standard(Fd fd) {
    if (fd.view().number() > 2) return fd;
    return duplicate(fd.view(), 3);
}

}  // namespace zc::sys
