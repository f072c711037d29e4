// The seam: the system calls that move bytes, as functions that return Result.
//
// Kernel   every function retries EINTR by itself and captures errno once;
//          Error::operation is the system call's name. Nothing here decides.
// Order    unit tests link a scripted fake_kernel.cpp instead of
//          sys_linux.cpp: a seam at link time, no hook in the product.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc::sys {

// Whether a call may sleep in the kernel; `never` is SPLICE_F_NONBLOCK or
// MSG_DONTWAIT: it speaks for the pipe (splice, tee) or the socket (receive, send) of the call.
enum class Sleep : std::uint8_t { allowed, never };

struct PipeEnds {
    Fd read_end;
    Fd write_end;
};

Result<std::size_t> read(FdView fd, std::span<std::byte> into, Cache cache = Cache::normal);
Result<std::size_t> write(FdView fd, std::span<const std::byte> from, Cache cache = Cache::normal);

// recv(2) and send(2) with MSG_DONTWAIT and MSG_NOSIGNAL: for sockets whose
// description we may not make non-blocking.
Result<std::size_t> receive_now(FdView socket, std::span<std::byte> into);
Result<std::size_t> send_now(FdView socket, std::span<const std::byte> from);

Result<std::size_t> splice(FdView from, FdView to, std::size_t bytes, Sleep sleep);
Result<std::size_t> tee(FdView from, FdView to, std::size_t bytes, Sleep sleep);
Result<std::size_t> copy_file_range(FdView from, FdView to, std::size_t bytes);
// From this offset on; the one of `from` stays.
Result<std::size_t> copy_file_range(FdView from, std::uint64_t at, FdView to, std::size_t bytes);

Result<PipeEnds> make_pipe();  // O_CLOEXEC, blocking
Result<std::size_t> pipe_capacity(FdView pipe);
Result<std::size_t> set_pipe_capacity(FdView pipe, std::size_t bytes);
Result<std::size_t> unread_bytes(FdView fd);  // FIONREAD

// Another description of the same pipe, FIFO, terminal or file, with O_NONBLOCK and
// for one direction, so that nobody else's description changes.
//
// Errors   ENXIO for a socket and a pty's master; ENOENT without /proc; EACCES.
Result<Fd> reopen_nonblocking(FdView fd, Readiness direction);

// Of a socket: SO_SNDBUF, and how much of it is taken by what the peer has not read.
Result<std::size_t> send_buffer_bytes(FdView socket);
Result<std::size_t> unsent_bytes(FdView socket);

Result<void> close(FdView fd);
Result<FdFacts> facts(FdView fd);

// The current offset; ESPIPE where there is none.
Result<std::uint64_t> offset(FdView fd);

// Moves the offset to a place, to the next data or hole from there on, or to the end.
//
// Returns  the offset that it is at now.
// Errors   ENXIO when there is no data from there on.
enum class Seek : std::uint8_t { to, data, hole, end };
Result<std::uint64_t> seek(FdView fd, std::uint64_t offset, Seek how);

Result<void> resize(FdView file, std::uint64_t bytes);  // ftruncate(2)
Result<void> advise_sequential(FdView fd);

// Waits until one of the interests can be acted on (or has failed or hung up),
// at most `limit`; for ever without one.
//
// Returns  how many are ready; 0 when the time ran out. When `ready` is not
//          empty, ready[i] says it of interests[i].
// Takes    at most 64 interests.
Result<std::size_t> wait(std::span<const Interest> interests, std::span<bool> ready,
                         std::optional<std::chrono::milliseconds> limit);

// Whether the reader of a pipe or the peer of a socket has left.
Result<bool> reader_left(FdView sink);

// Read leases (F_SETLEASE); see engine/lease.hpp.
Result<void> take_read_lease(FdView fd);
Result<bool> holds_read_lease(FdView fd);
// Returns  whether it was held until now; else the kernel had taken it away.
Result<bool> release_lease(FdView fd);

// Whether a lease hears of everybody who changes the file: not on a file system
// whose files change from below it or from another machine.
Result<bool> leases_see_every_writer(FdView file);

}  // namespace zc::sys
