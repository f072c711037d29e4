#include "engine/transfer_work.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {
namespace {

Result<Step> step_by(Method method, Route& route, std::size_t limit) {
    switch (method) {
        case Method::reflink: return step_reflink(route, limit);
        case Method::splice: return step_splice(route, limit);
        case Method::carrier: return step_carrier(route, limit);
        case Method::uncached: return step_uncached(route, limit);
        case Method::sparse: return step_sparse(route, limit);
        case Method::copy:
        case Method::tee: break;
    }
    return step_copy(route, limit);
}

// Takes    the bytes that were read last, or none: then they are a hole's.
void show(const Tap& tap, std::span<const std::byte> bytes, std::uint64_t taken) {
    static constexpr std::array<std::byte, limits::page_bytes> zeros{};
    if (!bytes.empty()) return tap(bytes);
    while (taken != 0) {
        const auto page = std::span(zeros).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(taken, zeros.size())));
        tap(page);
        taken -= page.size();
    }
}

bool uses_pipe(Method method) { return method == Method::splice || method == Method::carrier; }

}  // namespace

TransferWork::TransferWork(Endpoint source, Endpoint sink, Workspace& space,
                           TransferOptions options)
    : route_{std::move(source), std::move(sink), space, options.waiting},
      options_(std::move(options)),
      plan_(choose_plan(route_.source.facts, route_.sink.facts, options_.moved_by())),
      began_(std::chrono::steady_clock::now()) {
    if (options_.policy.cache == Cache::bypass && plan_.methods[0] != Method::uncached)
        drop_behind(route_);
    if (route_.source.facts.size_bytes >= limits::read_ahead_bytes)
        (void)sys::advise_sequential(route_.source.fd);
    // Who may not sleep could write a blocking pipe or terminal only in the smallest
    // pieces (path_io.cpp); another description of it is ours to make as we like.
    const FdFacts& facts = route_.sink.facts;
    const bool sleeps = facts.kind == FdKind::pipe || facts.kind == FdKind::terminal;
    if (options_.supervision.may_end() && sleeps && facts.blocking == Blocking::yes)
        (void)take_own_sink();
}

Result<void> TransferWork::take_own_sink() {
    auto own = sys::reopen_nonblocking(route_.sink.fd, Readiness::writable);
    if (!own) return failure(own.error());
    own_sink_ = std::move(*own);
    given_sink_ = route_.sink.fd;
    route_.sink.fd = own_sink_.view();
    route_.sink.facts.blocking = Blocking::no;
    return {};
}

bool TransferWork::worth_a_pipe() const {
    const std::uint64_t promised =
        std::min<std::uint64_t>(route_.source.facts.size_bytes, allowance());
    if (plan_.aliases) return promised >= limits::aliased_file_bytes;
    // A file that says 0 may be one of /proc, which have content all the same.
    return route_.taken >= limits::small_transfer_bytes ||
           promised >= limits::small_transfer_bytes || route_.space.carrier.exists();
}

std::size_t TransferWork::allowance() const {
    const std::uint64_t most = std::numeric_limits<std::size_t>::max();
    const std::uint64_t left = options_.limit ? *options_.limit - route_.taken : most;
    return static_cast<std::size_t>(left);
}

Method TransferWork::choose_method() {
    if (confirming_end_) return Method::copy;
    Method method = plan_.methods[at_];
    if (uses_pipe(method)) {
        if (!bulk_ && !worth_a_pipe()) return Method::copy;
        if (!bulk_) start_bulk();
        method = plan_.methods[at_];
        if (plan_.aliases && guard_.budget() == 0 && uses_pipe(method) &&
            route_.space.carrier.size() == 0)
            return Method::copy;
    }
    return method;
}

void TransferWork::start_bulk() {
    bulk_ = true;
    for (const Endpoint* end : {&route_.source, &route_.sink})
        if (end->facts.kind == FdKind::pipe) (void)grow_pipe(end->fd, limits::pipe_bytes);
    if (plan_.aliases) guard_pages();
}

void TransferWork::guard_pages() {
    trail_ = guard_.follow(route_.sink);
    auto refused = trail_ != nullptr
                       ? guard_.start(route_.source.fd, allowance())
                       : std::optional(Error::told(Errc::unavailable, "F_GETPIPE_SZ",
                                                   "the sink does not tell its size"));
    if (!refused && guard_.budget() == 0)
        refused = Error::told(Errc::unavailable, "F_SETLEASE", "no longer than the copied tail");
    if (!refused && route_.sink.facts.blocking == Blocking::yes) {
        if (auto own = take_own_sink(); !own)
            refused = own.error();
        else
            trail_->sink = route_.sink;
    }
    if (!refused) {
        trail_->pages_end = route_.delivered;
        return;
    }
    (void)guard_.release();  // no page is out yet
    demote(*refused);
}

Result<void> TransferWork::look_at_lease() {
    trail_->delivered = route_.delivered;
    const auto broken =
        guard_.look(route_.space.carrier.size() != 0 ? LeaseUse::goes_on : LeaseUse::over);
    if (!broken) return failure(broken.error());
    Workspace& space = route_.space;
    if (!*broken || space.buffer.size() != 0 || space.carrier.size() == 0) return {};
    // Pages in the carrier are still the file's; the writer waits while we copy them.
    space.buffer.reserve(space.carrier.size());
    auto unloaded = unload_carrier(route_);
    if (unloaded && space.carrier.size() == 0) trail_->pages_end = route_.delivered;
    return unloaded;
}

void TransferWork::demote(const Error& reason) {
    const Method from = plan_.methods[at_];
    // `copy` is last in every plan and never asks for another way.
    at_ = std::min(at_ + 1, plan_.count - 1);
    report_.demotions.push_back(Demotion{from, plan_.methods[at_], reason});
    if (options_.policy.cache == Cache::bypass) drop_behind(route_);
}

void TransferWork::account(Method method, std::uint64_t taken_before,
                           std::uint64_t delivered_before) {
    const std::uint64_t delivered = route_.delivered - delivered_before;
    report_.bytes_by[static_cast<std::size_t>(method)] += delivered;
    if (!guard_.holds()) return;
    trail_->delivered = route_.delivered;
    if (!uses_pipe(method) || route_.taken == taken_before) return;
    guard_.spliced(route_.taken - taken_before);
    trail_->pages_end = route_.taken;
}

Progress TransferWork::finish(std::optional<Error> error) {
    finished_ = true;
    const auto held = guard_.release();
    if (!held && !error) error = held.error();
    // A reader sees the end only when every description of the sink is closed.
    if (own_sink_.valid()) route_.sink.fd = given_sink_;
    (void)own_sink_.close();
    drop_rest(route_);
    if (error) {
        error->subject = error->side == Side::sink ? route_.sink.label : route_.source.label;
        route_.space.discard();
    }
    report_.error = std::move(error);
    sum_up();
    return Progress{Progress::State::finished, {}, {}};
}

void TransferWork::sum_up() {
    report_.bytes = route_.delivered;
    report_.taken = route_.taken;
    report_.calls = route_.calls;
    report_.shorts = route_.shorts;
    report_.elapsed = std::chrono::steady_clock::now() - began_;
    report_.method = main_method(report_.bytes_by);
}

TransferReport TransferWork::report_so_far() {
    sum_up();
    return report_;
}

Progress TransferWork::wait_for(Side side) {
    ++report_.try_laters;
    Progress progress{Progress::State::waiting, {}, {}};
    progress.wants = side == Side::source ? Interest{route_.source.fd, Readiness::readable}
                                          : Interest{route_.sink.fd, Readiness::writable};
    if (guard_.holds()) progress.look_after = limits::lease_look;
    return progress;
}

Progress TransferWork::end_of_source(Method method) {
    // A file's end is only believed when read(2) says so: copy_file_range
    // answers 0 for /proc, and a FUSE file may hold more than it claims.
    if (method != Method::copy && may_hold_more(route_.source)) {
        confirming_end_ = true;
        return {};
    }
    // Pages are still out there only if the file was shorter than it said. A reader
    // that has left needs them no more.
    if (guard_.holds() && !guard_.settled())
        return Progress{Progress::State::waiting, {}, limits::lease_look};
    return finish(std::nullopt);
}

Progress TransferWork::after(const Step& step, Method method) {
    switch (step.kind) {
        case Step::Kind::moved:
            if (confirming_end_) {
                confirming_end_ = false;
                demote(
                    Error::told(Errc::unavailable, name_of(method), "it holds more than was said"));
                at_ = plan_.count - 1;
            }
            return {};
        case Step::Kind::wait_source: return wait_for(Side::source);
        case Step::Kind::wait_sink: return wait_for(Side::sink);
        case Step::Kind::unsupported: demote(step.reason); return {};
        case Step::Kind::ended: break;
    }
    return end_of_source(method);
}

Progress TransferWork::advance() {
    if (finished_) return Progress{Progress::State::finished, {}, {}};
    if (guard_.holds()) {
        const auto safe = look_at_lease();
        if (!safe) return finish(safe.error());
    }
    const Method method = choose_method();
    std::size_t limit = allowance();
    if (limit == 0 && route_.space.held() == 0) return end_of_source(Method::copy);
    if (guard_.holds() && uses_pipe(method))
        limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, guard_.budget()));
    Gauge* const gauge = options_.supervision.gauge;
    RateLimit* const rate = options_.supervision.rate;
    if (rate != nullptr && route_.space.held() == 0) {
        const auto leave = rate->ask(RateLimit::Clock::now());
        if (leave.bytes == 0) {
            if (gauge != nullptr) gauge->rests();
            return Progress{Progress::State::waiting, {}, leave.wait};
        }
        limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, leave.bytes));
    }
    const std::uint64_t taken = route_.taken;
    const std::uint64_t delivered = route_.delivered;
    auto step = step_by(method, route_, limit);
    account(method, taken, delivered);
    if (options_.tap && route_.taken != taken)
        show(options_.tap, route_.space.buffer.loaded(), route_.taken - taken);
    if (rate != nullptr) rate->took(route_.taken - taken);
    if (gauge != nullptr) gauge->moved(route_.delivered - delivered);
    if (!step) return finish(step.error());
    return after(*step, method);
}

}  // namespace zc
