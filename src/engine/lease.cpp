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

std::uint64_t copied(const PageTrail& trail) {
    return trail.delivered > trail.pages_end ? trail.delivered - trail.pages_end : 0;
}

bool has_copied_tail(const PageTrail& trail) {
    return trail.lost || copied(trail) >= limits::copied_tail_pipes * trail.capacity_bytes;
}

// Nothing of ours is between the file and a reader: neither here nor in the pipe,
// which keeps what nobody is left to read.
bool drained(const PageTrail& trail) {
    if (trail.lost) return true;
    if (trail.delivered < trail.pages_end) return false;
    const auto unread = unread_at(trail.sink);
    if (unread && *unread == 0) return true;
    const auto left = sys::reader_left(trail.sink.fd);
    return left && *left;
}

bool is_settled(const PageTrail& trail) {
    return copied(trail) >= trail.capacity_bytes || drained(trail);
}

}  // namespace

PageTrail* AliasGuard::follow(const Endpoint& sink) {
    const std::uint64_t capacity = capacity_of(sink);
    return capacity != 0 ? &trails_.emplace_back(PageTrail{sink, capacity}) : nullptr;
}

std::optional<Error> AliasGuard::start(FdView source, std::uint64_t limit) {
    auto lease = Lease::take(source);
    if (!lease) return lease_refusal(lease.error());
    // Only now is the size a fact: nobody can change it before the lease is released.
    const auto facts = classify(source);
    const auto at = sys::offset(source);
    if (!facts) return facts.error();
    if (!at) return at.error();
    lease_.emplace(std::move(*lease));
    const std::uint64_t left = facts->size_bytes > *at ? facts->size_bytes - *at : 0;
    std::uint64_t tail = 0;
    for (const PageTrail& trail : trails_)
        tail = std::max(tail, limits::copied_tail_pipes * trail.capacity_bytes);
    const std::uint64_t rest = std::min(left, limit);
    // Up to a block of the file: extents can only be shared from one on.
    const std::uint64_t beyond = (*at + rest - std::min(rest, tail)) % limits::page_bytes;
    budget_ = rest > tail + beyond ? rest - tail - beyond : 0;
    return std::nullopt;
}

bool AliasGuard::settled() const {
    return !handed_out_ || std::all_of(trails_.begin(), trails_.end(), is_settled);
}

Result<bool> AliasGuard::look(LeaseUse use) {
    if (!deadline_ && (budget_ != 0 || !handed_out_)) {
        if (!lease_->broken()) return false;
    } else {
        // A reader may have made a pipe larger, and then more can be in it. Asked only
        // now: F_GETPIPE_SZ waits for the pipe's lock, which its reader needs, too.
        for (PageTrail& trail : trails_)
            trail.capacity_bytes = std::max(trail.capacity_bytes, capacity_of(trail.sink));
        const bool all_copied = std::all_of(trails_.begin(), trails_.end(), has_copied_tail);
        if (!deadline_ && all_copied && use == LeaseUse::over)
            return release().map([] { return false; });
        if (!deadline_ && !lease_->broken()) return false;
    }
    if (!deadline_) {
        deadline_ = Clock::now() + limits::lease_grace - limits::lease_look;
        budget_ = 0;
        return true;
    }
    const auto done = [](const PageTrail& t) { return has_copied_tail(t) || drained(t); };
    const bool all_done = !handed_out_ || std::all_of(trails_.begin(), trails_.end(), done);
    if (!all_done && Clock::now() < *deadline_) return false;
    const bool safe = settled();
    const auto held = release();
    if (!safe) return reader_was_behind();
    if (!held) return failure(held.error());
    return false;
}

// When the lease was lost is not known, and so not what was out at that moment.
Result<void> AliasGuard::release() {
    const bool held = !lease_ || lease_->release();
    lease_.reset();
    if (held || !handed_out_) return {};
    return reader_was_behind();
}

}  // namespace zc
