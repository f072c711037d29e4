// Descriptors: who owns one, who borrows one, and what kind of thing is behind it.
#pragma once

#include <cstdint>
#include <utility>

#include "kernel/result.hpp"

namespace zc {

// A borrowed descriptor; valid while its Fd lives. Cheap to copy.
class FdView {
public:
    constexpr FdView() = default;
    constexpr explicit FdView(int number) : number_(number) {}
    [[nodiscard]] constexpr int number() const { return number_; }
    [[nodiscard]] constexpr bool valid() const { return number_ >= 0; }
    friend constexpr bool operator==(FdView, FdView) = default;

private:
    int number_ = -1;
};

// What can be waited for: input (or its end) at a source, room at a sink, and that
// nobody reads what a sink is given any more.
enum class Readiness : std::uint8_t { readable, writable, left };

// One descriptor and what it is waited for.
struct Interest {
    FdView fd;
    Readiness event = Readiness::readable;
};

// Owns one file descriptor; empty after a move, release() or close().
//
// Owns    exactly one number. Everybody else borrows an FdView, which must
//         not outlive the Fd it came from.
// Errors  the destructor cannot report a failed close(2). Whoever wrote data
//         calls close(): over NFS or a full quota that is where a lost write
//         first shows.
class Fd {
public:
    Fd() = default;
    explicit Fd(int adopted) : number_(adopted) {}
    Fd(Fd&& other) noexcept : number_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept;
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd();

    [[nodiscard]] FdView view() const { return FdView(number_); }
    [[nodiscard]] bool valid() const { return number_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }
    Result<void> close();

private:
    int number_ = -1;
};

// What is behind a descriptor, as far as the choice of a method depends on it.
enum class FdKind : std::uint8_t {
    regular,        // a file with a page cache and an end
    block_device,   // a disk or partition
    pipe,           // a pipe or FIFO
    tcp_socket,     // a connected stream socket that is not AF_UNIX
    unix_socket,    // a connected AF_UNIX stream socket
    packet_socket,  // datagram or seqpacket: message boundaries matter
    memory_device,  // /dev/null, /dev/zero, /dev/full, /dev/urandom: never sleeps
    terminal,       // a tty or pty
    directory,      //
    other           // any other character device, eventfd, ...
};

enum class Blocking : std::uint8_t { yes, no };
enum class Append : std::uint8_t { no, yes };

// How reading and writing treat the page cache; `bypass` leaves nothing in it that was
// not there, by RWF_DONTCACHE where the kernel has it.
enum class Cache : std::uint8_t { normal, bypass };

// What classify() learned about one descriptor.
//
// size_bytes  st_size of a regular file at that moment (a claim, never
//             trusted for correctness); 0 for everything else.
// device, inode  identify the file, for "input file is output file".
struct FdFacts {
    FdKind kind = FdKind::other;
    Blocking blocking = Blocking::yes;  // no: O_NONBLOCK is set on its description
    Append append = Append::no;
    std::uint64_t size_bytes = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

// Looks once at a descriptor: fstat, F_GETFL, and the socket's type.
//
// Errors  EBADF when it is closed.
[[nodiscard]] Result<FdFacts> classify(FdView fd);

// The kind in words, as --explain prints it: "regular file", "TCP socket".
[[nodiscard]] const char* name_of(FdKind kind);

[[nodiscard]] constexpr bool is_socket(FdKind kind) {
    return kind == FdKind::tcp_socket || kind == FdKind::unix_socket ||
           kind == FdKind::packet_socket;
}

}  // namespace zc
