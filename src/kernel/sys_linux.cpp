// The system calls of sys.hpp, as Linux has them. See sys_call.hpp for errno.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include "kernel/sys.hpp"
#include "kernel/sys_call.hpp"

// Linux 6.14; Debian 12's headers are older.
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x00000080
#endif

namespace zc::sys {
namespace {

constexpr unsigned splice_flags(Sleep sleep) {
    return sleep == Sleep::never ? SPLICE_F_NONBLOCK : 0U;
}

FdKind kind_of_socket(FdView fd) {
    int type = 0;
    int domain = 0;
    socklen_t length = sizeof type;
    (void)::getsockopt(fd.number(), SOL_SOCKET, SO_TYPE, &type, &length);
    length = sizeof domain;
    (void)::getsockopt(fd.number(), SOL_SOCKET, SO_DOMAIN, &domain, &length);
    if (type != SOCK_STREAM) return FdKind::packet_socket;
    return domain == AF_UNIX ? FdKind::unix_socket : FdKind::tcp_socket;
}

FdKind kind_of_device(FdView fd, const struct stat& found) {
    // Kernel: major 1 is the memory devices, none of which ever sleeps.
    constexpr unsigned memory_major = 1;
    if (major(found.st_rdev) == memory_major) return FdKind::memory_device;
    struct termios ignored {};
    return ::tcgetattr(fd.number(), &ignored) == 0 ? FdKind::terminal : FdKind::other;
}

FdKind kind_of(FdView fd, const struct stat& found) {
    switch (found.st_mode & S_IFMT) {
        case S_IFREG: return FdKind::regular;
        case S_IFBLK: return FdKind::block_device;
        case S_IFIFO: return FdKind::pipe;
        case S_IFDIR: return FdKind::directory;
        case S_IFSOCK: return kind_of_socket(fd);
        case S_IFCHR: return kind_of_device(fd, found);
        default: return FdKind::other;
    }
}

}  // namespace

Result<std::size_t> read(FdView fd, std::span<std::byte> into, Cache cache) {
    if (cache == Cache::normal)
        return counted("read", [&] { return ::read(fd.number(), into.data(), into.size()); });
    const iovec part{into.data(), into.size()};
    return counted("preadv2", [&] { return ::preadv2(fd.number(), &part, 1, -1, RWF_DONTCACHE); });
}

Result<std::size_t> write(FdView fd, std::span<const std::byte> from, Cache cache) {
    if (cache == Cache::normal)
        return counted("write", [&] { return ::write(fd.number(), from.data(), from.size()); });
    const iovec part{const_cast<std::byte*>(from.data()), from.size()};
    return counted("pwritev2",
                   [&] { return ::pwritev2(fd.number(), &part, 1, -1, RWF_DONTCACHE); });
}

Result<std::size_t> receive_now(FdView socket, std::span<std::byte> into) {
    return counted("recv",
                   [&] { return ::recv(socket.number(), into.data(), into.size(), MSG_DONTWAIT); });
}

Result<std::size_t> send_now(FdView socket, std::span<const std::byte> from) {
    return counted("send", [&] {
        return ::send(socket.number(), from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    });
}

Result<std::size_t> splice(FdView from, FdView to, std::size_t bytes, Sleep sleep) {
    return counted("splice", [&] {
        return ::splice(from.number(), nullptr, to.number(), nullptr, bytes, splice_flags(sleep));
    });
}

Result<std::size_t> tee(FdView from, FdView to, std::size_t bytes, Sleep sleep) {
    return counted("tee",
                   [&] { return ::tee(from.number(), to.number(), bytes, splice_flags(sleep)); });
}

Result<std::size_t> copy_file_range(FdView from, FdView to, std::size_t bytes) {
    return counted("copy_file_range", [&] {
        return ::copy_file_range(from.number(), nullptr, to.number(), nullptr, bytes, 0);
    });
}

Result<std::size_t> copy_file_range(FdView from, std::uint64_t at, FdView to, std::size_t bytes) {
    return counted("copy_file_range", [&] {
        auto offset = static_cast<off64_t>(at);
        return ::copy_file_range(from.number(), &offset, to.number(), nullptr, bytes, 0);
    });
}

Result<PipeEnds> make_pipe() {
    std::array<int, 2> ends{};
    return checked("pipe2", [&] { return ::pipe2(ends.data(), O_CLOEXEC); }).map([&](int) {
        return PipeEnds{Fd(ends[0]), Fd(ends[1])};
    });
}

Result<std::size_t> pipe_capacity(FdView pipe) {
    return counted("F_GETPIPE_SZ", [&] { return ::fcntl(pipe.number(), F_GETPIPE_SZ); });
}

Result<std::size_t> set_pipe_capacity(FdView pipe, std::size_t bytes) {
    return counted("F_SETPIPE_SZ",
                   [&] { return ::fcntl(pipe.number(), F_SETPIPE_SZ, static_cast<int>(bytes)); });
}

Result<std::size_t> unread_bytes(FdView fd) {
    int bytes = 0;
    return done("FIONREAD", [&] { return ::ioctl(fd.number(), FIONREAD, &bytes); }).map([&] {
        return static_cast<std::size_t>(bytes);
    });
}

Result<Fd> reopen_nonblocking(FdView fd, Readiness direction) {
    // Kernel: opening a pty's master by its name makes a new pty.
    // Test: "another description of a pty's master is refused".
    unsigned slave = 0;
    if (::ioctl(fd.number(), TIOCGPTN, &slave) == 0) return failure(Error::system("open", ENXIO));
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd.number());
    const int access = direction == Readiness::readable ? O_RDONLY : O_WRONLY;
    return checked("open",
                   [&] { return ::open(path.data(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); })
        .map([](int number) { return Fd(number); });
}

Result<std::size_t> send_buffer_bytes(FdView socket) {
    int bytes = 0;
    socklen_t length = sizeof bytes;
    return done("SO_SNDBUF",
                [&] {
                    return ::getsockopt(socket.number(), SOL_SOCKET, SO_SNDBUF, &bytes, &length);
                })
        .map([&] { return static_cast<std::size_t>(bytes); });
}

Result<std::size_t> unsent_bytes(FdView socket) {
    int bytes = 0;
    return done("SIOCOUTQ", [&] { return ::ioctl(socket.number(), SIOCOUTQ, &bytes); }).map([&] {
        return static_cast<std::size_t>(bytes);
    });
}

Result<void> close(FdView fd) {
    // Kernel: after EINTR the number is already free; closing it again could
    // close what another thread has just opened.
    if (::close(fd.number()) == 0 || errno == EINTR) return {};
    return failure(Error::system("close", errno));
}

Result<FdFacts> facts(FdView fd) {
    struct stat found {};
    auto looked = checked("fstat", [&] { return ::fstat(fd.number(), &found); });
    if (!looked) return failure(looked.error());
    auto flags = checked("F_GETFL", [&] { return ::fcntl(fd.number(), F_GETFL); });
    if (!flags) return failure(flags.error());
    FdFacts facts;
    facts.kind = kind_of(fd, found);
    facts.blocking = (*flags & O_NONBLOCK) != 0 ? Blocking::no : Blocking::yes;
    facts.append = (*flags & O_APPEND) != 0 ? Append::yes : Append::no;
    if (facts.kind == FdKind::regular) facts.size_bytes = static_cast<std::uint64_t>(found.st_size);
    facts.device = found.st_dev;
    facts.inode = found.st_ino;
    return facts;
}

Result<std::uint64_t> offset(FdView fd) {
    return checked("lseek", [&] { return ::lseek(fd.number(), 0, SEEK_CUR); }).map([](off_t at) {
        return static_cast<std::uint64_t>(at);
    });
}

Result<std::uint64_t> seek(FdView fd, std::uint64_t offset, Seek how) {
    constexpr std::array<int, 4> whence{SEEK_SET, SEEK_DATA, SEEK_HOLE, SEEK_END};
    return checked("lseek",
                   [&] {
                       return ::lseek(fd.number(), static_cast<off_t>(offset),
                                      whence[static_cast<std::size_t>(how)]);
                   })
        .map([](off_t at) { return static_cast<std::uint64_t>(at); });
}

Result<void> resize(FdView file, std::uint64_t bytes) {
    return done("ftruncate", [&] { return ::ftruncate(file.number(), static_cast<off_t>(bytes)); });
}

Result<void> advise_sequential(FdView fd) {
    const int code = ::posix_fadvise(fd.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
    if (code != 0) return failure(Error::system("posix_fadvise", code));
    return {};
}

namespace {
short events_of(Readiness event) {
    switch (event) {
        case Readiness::readable: return POLLIN;
        case Readiness::writable: return POLLOUT;
        case Readiness::left: break;
    }
    // Kernel: told without being asked for: POLLERR by a pipe, POLLHUP by a socket.
    return 0;
}
}  // namespace

Result<std::size_t> wait(std::span<const Interest> interests, std::span<bool> ready,
                         std::optional<std::chrono::milliseconds> limit) {
    std::array<pollfd, 16> few{};
    std::vector<pollfd> many(interests.size() > few.size() ? interests.size() : 0);
    const std::span<pollfd> polled = many.empty() ? std::span<pollfd>(few) : many;
    for (std::size_t i = 0; i < interests.size(); ++i)
        polled[i] = {interests[i].fd.number(), events_of(interests[i].event), 0};
    const int timeout = limit ? static_cast<int>(limit->count()) : -1;
    auto count = counted("poll", [&] { return ::poll(polled.data(), interests.size(), timeout); });
    if (count)
        for (std::size_t i = 0; i < ready.size() && i < interests.size(); ++i)
            ready[i] = polled[i].revents != 0;
    return count;
}

Result<bool> reader_left(FdView sink) {
    pollfd polled{sink.number(), events_of(Readiness::left), 0};
    return counted("poll", [&] { return ::poll(&polled, 1, 0); }).map([](std::size_t told) {
        return told != 0;
    });
}

Result<void> take_read_lease(FdView fd) {
    // Kernel: a broken lease sends SIGIO, which by default ends the process.
    // SIGURG is ignored by default and a dropped signal interrupts nothing, so
    // a break is noticed by asking (holds_read_lease) and never by surprise.
    auto quiet = done("F_SETSIG", [&] { return ::fcntl(fd.number(), F_SETSIG, SIGURG); });
    if (!quiet) return quiet;
    return done("F_SETLEASE", [&] { return ::fcntl(fd.number(), F_SETLEASE, F_RDLCK); });
}

Result<bool> holds_read_lease(FdView fd) {
    return checked("F_GETLEASE", [&] { return ::fcntl(fd.number(), F_GETLEASE); })
        .map([](int kind) { return kind == F_RDLCK; });
}

Result<bool> release_lease(FdView fd) {
    // Kernel: EAGAIN for a lease that is not there. A break that lasted longer than
    // lease-break-time has removed it, and let the writer in; F_GETLEASE says
    // F_UNLCK from the break's begin on, and so does not tell.
    // Test: "lease: one that the kernel has taken away is told by its release".
    auto gone = done("F_SETLEASE", [&] { return ::fcntl(fd.number(), F_SETLEASE, F_UNLCK); });
    if (!gone && !means_try_later(gone.error())) return failure(gone.error());
    return gone.has_value();
}

Result<bool> leases_see_every_writer(FdView file) {
    constexpr std::array<std::uint32_t, 9> changed_from_elsewhere{
        OVERLAYFS_SUPER_MAGIC,
        ECRYPTFS_SUPER_MAGIC,  // whoever opens the file below
        FUSE_SUPER_MAGIC,      // its server; virtiofs: the host
        V9FS_MAGIC,
        CEPH_SUPER_MAGIC,
        OCFS2_SUPER_MAGIC,
        CODA_SUPER_MAGIC,  // another machine
        AFS_SUPER_MAGIC,
        AFS_FS_MAGIC,
        // Not NFS and SMB: their leases are delegations of the server.
    };
    struct statfs found {};
    return done("fstatfs", [&] { return ::fstatfs(file.number(), &found); }).map([&] {
        const auto type = static_cast<std::uint32_t>(found.f_type);
        return std::count(changed_from_elsewhere.begin(), changed_from_elsewhere.end(), type) == 0;
    });
}

}  // namespace zc::sys
