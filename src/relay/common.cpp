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
      observer_(observer),
      own_counters_(with.counters == nullptr ? std::make_unique<RelayCounters>() : nullptr),
      counters_(with.counters == nullptr ? *own_counters_ : *with.counters),
      pipe_budget_(pipe_memory(with), &counters_.pipe_bytes) {}

void Common::log(LogLevel level, const std::string& text) const {
    const std::lock_guard lock(mutex_);
    observer_.log(level, text);
}

void Common::fail(const Error& error) {
    failed_ = true;
    ++counters_.errors[static_cast<std::size_t>(error.kind)];
    {
        const std::lock_guard lock(mutex_);
        if (!first_failure_) first_failure_ = error.kind;
    }
    tell(LogLevel::error, error);
}

std::optional<Errc> Common::first_failure() const {
    const std::lock_guard lock(mutex_);
    return first_failure_;
}

void Common::tell_session(const SessionSummary& summary) const {
    counters_.connect.add(summary.connect);
    counters_.session.add(summary.elapsed);
    for (std::size_t i = 0; i < summary.bytes_by.size(); ++i)
        counters_.bytes_by[i] += summary.bytes_by[i];
    const std::lock_guard lock(mutex_);
    if (observer_.session) observer_.session(summary);
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

Use Common::use_of(Place place) const {
    if (options.session.ways == Ways::both) return Use::both;
    const bool from_it = (options.session.ways == Ways::to_right) == (place == Place::left);
    return from_it ? Use::read : Use::write;
}

}  // namespace zc
