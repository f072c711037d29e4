// What the loops of a relay share.
#include "kernel/sys_proc.hpp"
#include "relay/loop.hpp"

namespace zc {
namespace {

// Half of what the user's pipes may have together; the other half is for his others.
std::size_t pipe_memory(const RelayOptions& options) {
    if (options.pipe_memory_bytes) return *options.pipe_memory_bytes;
    const auto quota = sys::pipe_quota_bytes();
    return quota ? *quota / 2 : limits::unlimited_pipe_memory_bytes;
}

std::string text_of(const Error& error) {
    return error.subject.empty() ? cause(error) : error.subject + ": " + cause(error);
}

}  // namespace

Common::Common(const std::vector<Address>& right, const RelayOptions& with,
               const RelayObserver& observer)
    : options(with),
      targets(right, with.balance, with.retry_after),
      pipe_budget(pipe_memory(with)),
      observer_(observer) {}

void Common::log(LogLevel level, const std::string& text) const {
    const std::lock_guard lock(mutex_);
    observer_.log(level, text);
}

void Common::fail(const Error& error) {
    failed_ = true;
    tell(LogLevel::error, error);
}

void Common::tell(LogLevel level, const Error& error) const { log(level, text_of(error)); }

void Common::report(const EndReport& said) const {
    const std::lock_guard lock(mutex_);
    observer_.report(said);
}

void Common::alone(const std::function<void()>& what) const {
    const std::lock_guard lock(mutex_);
    what();
}

SessionOptions Common::session_options() const {
    SessionOptions session = options.session;
    if (session.tap)
        session.tap = [this](Ways way, std::uint64_t offset, std::span<const std::byte> bytes) {
            alone([&] { options.session.tap(way, offset, bytes); });
        };
    return session;
}

void Common::client_is_done() {
    --clients;
    if (somebody_waits) call_();
}

void Common::Counter::add(const Traffic& before, const Traffic& now) {
    bytes.fetch_add(now.bytes - before.bytes, std::memory_order_relaxed);
    blocks.fetch_add(now.blocks - before.blocks, std::memory_order_relaxed);
}

Use Common::use_of(Place place) const {
    if (options.session.ways == Ways::both) return Use::both;
    const bool from_it = (options.session.ways == Ways::to_right) == (place == Place::left);
    return from_it ? Use::read : Use::write;
}

}  // namespace zc
