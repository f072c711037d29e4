// Proof that nobody writes a file while its page-cache pages travel through a pipe.
//
// What it is. A page spliced from a file is not a copy: until a reader has
// consumed it, whoever writes or truncates the file changes what that reader
// gets. A read lease (F_SETLEASE, F_RDLCK) is granted only while nobody has the
// file open for writing, and whoever then opens it for writing, or truncates it,
// waits until the lease is released. So pages may be handed out under a lease,
// if it is kept until the last of them has been consumed.
//
// How the end is known without waiting for it. The last bytes of the file are
// copied, at least one sink-pipe-full of them: when they are in the pipe, every
// page before them has left it. (For a UNIX socket, read "send buffer".) Four pipe-fulls also cover
// three more splicing programs behind the reader, which pass pages on without consuming them.
//
// When somebody wants to write (the lease "breaks", noticed by asking before
// every step and every 50 ms while the sink is full):
// 1. The bytes in the carrier are copied to memory at once; from here on all is copied.
// 2. When a tail's worth has been copied, or the pipe is empty, no page is out any
//    more: the lease is released, and the writer goes on.
// 3. After 250 ms it is released whatever happened: a writer must not wait for a
//    reader that does not read. If less than one pipe-full had been copied by
//    then, the reader may get changed bytes, and the transfer fails saying so.
// 4. Who is stopped for longer than the kernel's lease-break-time (45 s) has lost
//    the lease: the writer has gone on. The release tells, and the transfer fails
//    the same way if it has handed out a page.
//
// With several sinks (fanout.hpp) each of them has a trail of its own, and 2 and 3
// speak of the one that is furthest behind.
//
// Where there is no such proof: overlay, FUSE, 9p and their like grant a lease that
// hears only of those who come through that mount. All is copied there.
//
// What must stay true. Nothing sleeps in the kernel while a lease is held, or a
// break would go unnoticed: the sink is written through a non-blocking
// description of our own. Nobody is told of the break by a signal: see
// sys::take_read_lease.
//
// The lease is taken on a description of our own. A descriptor we were given may be
// shared with the shell that started us: a lease on it would outlive a mover that
// a signal ends, and every writer would wait the kernel's 45 s for nobody.
//
// Source  fcntl(2) "Leases"; the hazard and the timings are measured.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>

#include "engine/path.hpp"
#include "kernel/fd.hpp"

namespace zc {

// Holds a read lease on a file, through a description of its own; released at the end.
class Lease {
public:
    // Errors  EAGAIN when somebody has the file open for writing, EACCES when it is
    //         another user's, EINVAL when the file system has no leases, ENOENT
    //         without /proc; unavailable when its leases see only some writers.
    [[nodiscard]] static Result<Lease> take(FdView file);

    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { (void)release(); }

    [[nodiscard]] bool broken() const;
    // Returns  whether it was held until now.
    bool release();

private:
    explicit Lease(Fd file) : file_(std::move(file)) {}
    Fd file_;
};

// Why a lease was refused, in words for --explain.
[[nodiscard]] Error lease_refusal(const Error& refused);

// How far a sink is with the pages it has been given.
struct PageTrail {
    Endpoint sink;                     // a pipe or a UNIX socket
    std::uint64_t capacity_bytes = 0;  // the most that has fitted between us and its reader
    std::uint64_t delivered = 0;       // bytes that the sink has accepted
    std::uint64_t pages_end = 0;       // in those: nothing after it is a file's page
    bool lost = false;                 // given up: nobody waits for it
};

// Whether a mover has pages that no sink was given, or will share more extents.
enum class LeaseUse : std::uint8_t { over, goes_on };

// Says how many bytes of a file may still be handed out as page-cache pages.
class AliasGuard {
public:
    using Clock = std::chrono::steady_clock;

    // Follows one more sink that will be given pages.
    //
    // Order    before start().
    // Returns  what its mover keeps up to date, valid as long as the guard;
    //          nothing when the sink does not tell how much is in it.
    [[nodiscard]] PageTrail* follow(const Endpoint& sink);

    // Takes    a regular file at its offset; how many bytes will be taken at most.
    // Returns  the reason when there is no lease. With one, the budget is 0 when
    //          the file is no longer than the copied tail.
    [[nodiscard]] std::optional<Error> start(FdView source, std::uint64_t limit);

    [[nodiscard]] bool holds() const { return lease_.has_value(); }
    // It holds, and nobody waits to write: the file is what it was.
    [[nodiscard]] bool unbroken() const { return holds() && !deadline_; }

    // Bytes that may still be spliced; the rest is to be copied.
    [[nodiscard]] std::uint64_t budget() const { return budget_; }
    void spliced(std::uint64_t bytes) {
        handed_out_ = true;
        budget_ -= std::min(budget_, bytes);
    }

    // To be called before every step while holds().
    //
    // Returns  true, once, when somebody has begun to wait: the pages that its
    //          mover still has are to be copied to memory now.
    // Errors   `file was opened for writing while its reader was behind`.
    [[nodiscard]] Result<bool> look(LeaseUse use);

    // Whether every page that a sink was given has been consumed, or cannot be any more.
    [[nodiscard]] bool settled() const;

    // Errors   as look(), when the kernel had taken the lease away before.
    [[nodiscard]] Result<void> release();

private:
    std::optional<Lease> lease_;
    std::list<PageTrail> trails_;
    std::optional<Clock::time_point> deadline_;  // set when the lease is broken
    bool handed_out_ = false;                    // any page, ever
    std::uint64_t budget_ = 0;
};

}  // namespace zc
