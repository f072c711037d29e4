// The reasons are in the header's essay.
#include "engine/lease.hpp"

#include <algorithm>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {

Result<Lease> Lease::take(FdView file) {
    const auto complete = sys::leases_see_every_writer(file);
    if (!complete) return failure(complete.error());
    if (!*complete)
        return failure(Error::told(Errc::unavailable, "F_SETLEASE",
                                   "leases of this file system see only some writers"));
    auto own = sys::reopen_nonblocking(file, Readiness::readable);
    if (!own) return failure(own.error());
    auto taken = sys::take_read_lease(own->view());
    if (!taken) return failure(taken.error());
    return Lease(std::move(*own));
}

Lease& Lease::operator=(Lease&& other) noexcept {
    (void)release();
    file_ = std::move(other.file_);
    return *this;
}

bool Lease::broken() const {
    const auto held = sys::holds_read_lease(file_.view());
    return !held || !*held;
}

bool Lease::release() {
    if (!file_.valid()) return true;
    const auto held = sys::release_lease(file_.view());
    (void)file_.close();
    return held && *held;
}

Error lease_refusal(const Error& refused) {
    if (refused.kind == Errc::unavailable) return refused;
    if (means_try_later(refused))
        return Error::told(Errc::unavailable, "F_SETLEASE",
                           "opened for writing by another process");
    return Error::told(Errc::unavailable, "F_SETLEASE", "no read lease: " + cause(refused));
}

namespace {

// The most bytes that may be between us and the sink's reader; 0 when unknown.
//
// Kernel: a UNIX socket accepts one more packet of 16 pages while its send buffer
// has any room left.
std::uint64_t capacity_of(const Endpoint& sink) {
    constexpr std::uint64_t packet_bytes = 16 * limits::page_bytes;
    if (sink.facts.kind == FdKind::pipe) return sys::pipe_capacity(sink.fd).value_or(0);
    const auto buffer = sys::send_buffer_bytes(sink.fd);
    return buffer ? *buffer + packet_bytes : 0;
}

Failure reader_was_behind() {
    return failure(Error::told(Errc::timed_out, "F_SETLEASE",
                               "file was opened for writing while its reader was behind")
                       .at(Side::source));
}

Result<std::size_t> unread_at(const Endpoint& sink) {
    return sink.facts.kind == FdKind::pipe ? sys::unread_bytes(sink.fd)
                                           : sys::unsent_bytes(sink.fd);
}

}  // namespace

std::optional<Error> AliasGuard::start(const Route& route, std::uint64_t limit) {
    sink_capacity_ = capacity_of(route.sink);
    if (sink_capacity_ == 0)
        return Error::told(Errc::unavailable, "F_GETPIPE_SZ", "the sink does not tell its size");
    auto lease = Lease::take(route.source.fd);
    if (!lease) return lease_refusal(lease.error());
    // Only now is the size a fact: nobody can change it before the lease is released.
    const auto facts = classify(route.source.fd);
    const auto at = sys::offset(route.source.fd);
    if (!facts) return facts.error();
    if (!at) return at.error();
    const std::uint64_t left = facts->size_bytes > *at ? facts->size_bytes - *at : 0;
    const std::uint64_t rest = std::min(left, limit);
    const std::uint64_t tail = limits::copied_tail_pipes * sink_capacity_;
    if (rest <= tail)
        return Error::told(Errc::unavailable, "F_SETLEASE", "no longer than the copied tail");
    lease_.emplace(std::move(*lease));
    budget_ = rest - tail;
    pages_end_ = route.delivered;
    return std::nullopt;
}

void AliasGuard::spliced(const Route& route, std::uint64_t bytes) {
    handed_out_ = true;
    budget_ -= std::min(budget_, bytes);
    pages_end_ = route.taken;
}

std::uint64_t AliasGuard::copied(const Route& route) const {
    return route.delivered > pages_end_ ? route.delivered - pages_end_ : 0;
}

// Nothing of ours is between the file and a reader: neither here nor in the pipe,
// which keeps what nobody is left to read.
bool AliasGuard::drained(const Route& route) const {
    if (route.delivered < pages_end_) return false;
    const auto unread = unread_at(route.sink);
    if (unread && *unread == 0) return true;
    const auto left = sys::reader_left(route.sink.fd);
    return left && *left;
}

bool AliasGuard::settled(const Route& route) const {
    return copied(route) >= sink_capacity_ || drained(route);
}

Result<void> AliasGuard::begin_break(Route& route) {
    deadline_ = Clock::now() + limits::lease_grace - limits::lease_look;
    budget_ = 0;
    Workspace& space = route.space;
    if (space.buffer.size() != 0 || space.carrier.size() == 0) return {};
    // Pages in the carrier are still the file's; the writer waits while we copy them.
    space.buffer.reserve(space.carrier.size());
    auto unloaded = unload_carrier(route);
    if (unloaded && space.carrier.size() == 0) pages_end_ = route.delivered;
    return unloaded;
}

Result<void> AliasGuard::look(Route& route) {
    if (!deadline_ && budget_ != 0) return lease_->broken() ? begin_break(route) : Result<void>();
    // A reader may have made a pipe larger, and then more can be in it. Asked only
    // now: F_GETPIPE_SZ waits for the pipe's lock, which its reader needs, too.
    sink_capacity_ = std::max(sink_capacity_, capacity_of(route.sink));
    const bool tail_is_copied = copied(route) >= limits::copied_tail_pipes * sink_capacity_;
    if (!deadline_) {
        if (tail_is_copied) return release();
        return lease_->broken() ? begin_break(route) : Result<void>();
    }
    const bool late = Clock::now() >= *deadline_;
    if (!tail_is_copied && !drained(route) && !late) return {};
    const bool safe = settled(route);
    auto held = release();
    return safe ? held : reader_was_behind();
}

// When the lease was lost is not known, and so not what was out at that moment.
Result<void> AliasGuard::release() {
    const bool held = !lease_ || lease_->release();
    lease_.reset();
    if (held || !handed_out_) return {};
    return reader_was_behind();
}

}  // namespace zc
