// The reasons are in the essay of fanout_work.cpp.
#include "engine/outlet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {
namespace {

Cache cache_of(Method method) { return method == Method::uncached ? Cache::bypass : Cache::normal; }

}  // namespace

bool is_work(const FanoutSink& sink) {
    const FdKind kind = sink.end.facts.kind;
    return kind == FdKind::regular || kind == FdKind::block_device || is_socket(kind);
}

Outlet::Outlet(FanoutSink sink, const FdFacts& source, Policy policy)
    : given_(std::move(sink)),
      route_{{}, given_.end, own_, Waiting::by_poll},
      plan_(choose_giving(source, given_.end.facts, policy)) {
    report_.label = given_.end.label;
    // One sink that sleeps would keep all others waiting.
    const FdFacts& facts = given_.end.facts;
    const bool may_sleep = facts.kind == FdKind::pipe || facts.kind == FdKind::terminal;
    if (!may_sleep || facts.blocking == Blocking::no) return;
    if (auto own = sys::reopen_nonblocking(given_.end.fd, Readiness::writable)) {
        own_sink_ = std::move(*own);
        route_.sink.fd = own_sink_.view();
        route_.sink.facts.blocking = Blocking::no;
    }
}

void Outlet::grow() {
    if (given_.end.facts.kind == FdKind::pipe) (void)grow_pipe(fd(), limits::pipe_bytes);
}

Outlet::Offer Outlet::offer() const {
    if ((held() == 0 && !splices()) || held() < given_.buffer_bytes) return Offer::hold;
    if (given_.slow != Slow::drop) return Offer::wait;
    // A chunk that was begun is ended: its rest waits in memory.
    return given_of_chunk_ == 0 ? Offer::skip : Offer::hold;
}

void Outlet::demote(const Error& reason) {
    const Method from = method();
    // `copy` is last in every plan and never asks for another way.
    at_ = std::min(at_ + 1, plan_.count - 1);
    report_.demotions.push_back(Demotion{from, method(), reason});
    if (from == Method::uncached) drop_behind(route_);
}

void Outlet::now_full() {
    full_ = true;
    if (given_.slow != Slow::block && !full_since_) full_since_ = Clock::now();
}

Result<std::size_t> Outlet::taken(const Result<Step>& step, std::uint64_t before, Method method) {
    if (!step) return failure(step.error());
    if (step->kind == Step::Kind::unsupported) demote(step->reason);
    if (step->kind == Step::Kind::wait_sink) now_full();
    const std::uint64_t bytes = route_.delivered - before;
    if (bytes != 0) full_since_.reset();
    report_.bytes = route_.delivered;
    report_.calls = route_.calls;
    report_.shorts = route_.shorts;
    if (trail_ != nullptr) trail_->delivered = route_.delivered;
    report_.bytes_by[static_cast<std::size_t>(method)] += bytes;
    return static_cast<std::size_t>(bytes);
}

Result<std::size_t> Outlet::tee_from(Carrier& head) {
    const auto from = head.pipe();
    const bool direct = given_.end.facts.kind == FdKind::pipe;
    const auto own = direct ? from : own_.carrier.pipe();
    if (!from || !own) {
        demote(!from ? from.error() : own.error());
        return 0;
    }
    const FdView to = direct ? fd() : (*own)->write_end();
    ++route_.calls;
    const auto share = sys::tee((*from)->read_end(), to, head.size(), sys::Sleep::never);
    if (!share && direct && means_try_later(share.error())) {
        now_full();
        return 0;
    }
    if (!share && direct && !means_another_way(share.error()))
        return failure(share.error().at(Side::sink));
    if (!share || *share == 0) {
        // Kernel: with bytes in the one and room in the other this never fails;
        // where it does, whatever errno says, reading will do.
        demote(share ? Error::told(Errc::unavailable, "tee", "nothing was duplicated")
                     : share.error());
        return 0;
    }
    lead_ += *share;
    given_of_chunk_ += *share;
    if (!direct) {
        own_.carrier.filled(*share);
        pages_given();
        return *share;
    }
    const std::uint64_t before = route_.delivered;
    route_.delivered += *share;
    pages_given();
    return taken(Step{}, before, Method::tee);
}

std::size_t Outlet::reflink_from(FdView file, std::uint64_t at, std::size_t bytes) {
    ++route_.calls;
    const auto copied = sys::copy_file_range(file, at, fd(), bytes);
    if (!copied || *copied == 0) {
        // As for splice: one call, both ends; splice and write tell who is to blame.
        demote(copied ? Error::told(Errc::unavailable, "copy_file_range", "nothing was copied")
                      : copied.error());
        return 0;
    }
    const std::uint64_t before = route_.delivered;
    route_.delivered += *copied;
    lead_ += *copied;
    given_of_chunk_ += *copied;
    return taken(Step{}, before, Method::reflink).value_or(0);
}

void Outlet::follow(AliasGuard& guard) {
    if (!plan_.aliases || !splices()) return;
    trail_ = guard.follow(route_.sink);
    if (trail_ == nullptr)
        demote(Error::told(Errc::unavailable, "F_GETPIPE_SZ", "the sink does not tell its size"));
}

void Outlet::pages_given() {
    if (trail_ != nullptr) trail_->pages_end = route_.delivered + held();
}

Result<void> Outlet::unshare() {
    if (own_.carrier.size() == 0) return {};
    const auto block = std::make_shared<Block>(own_.held());
    const auto older = own_.buffer.unread();
    std::copy(older.begin(), older.end(), block->room().begin());
    block->filled(older.size());
    own_.buffer.clear();
    while (own_.carrier.size() != 0) {
        const auto got = read_carrier(route_, own_.carrier, block->room());
        if (!got) return failure(got.error());
        block->filled(*got);
    }
    queue_.push_front({block, 0, block->size()});
    if (trail_ != nullptr) trail_->pages_end = route_.delivered;
    return {};
}

Result<std::size_t> Outlet::move_from(Carrier& head, std::size_t most) {
    const std::uint64_t before = route_.delivered;
    const auto step = splice_out(route_, head, most);
    given_of_chunk_ += route_.delivered - before;
    pages_given();
    return taken(step, before, Method::carrier);
}

void Outlet::hold(Piece piece) {
    lead_ += piece.to - piece.from;
    given_of_chunk_ += piece.to - piece.from;
    queue_.push(std::move(piece));
}

void Outlet::skip(std::uint64_t bytes, bool counts) {
    lead_ += bytes;
    if (counts) report_.missed += bytes;
}

Result<Step> Outlet::step() {
    if (own_.buffer.size() == 0 && own_.carrier.size() != 0 && splices())
        return drain_carrier(route_);
    const Cache cache = cache_of(method());
    if (own_.held() != 0) return deliver_held(route_, cache);
    const std::uint64_t before = route_.delivered;
    auto written = write_some(route_, queue_.front(), cache);
    queue_.consumed(static_cast<std::size_t>(route_.delivered - before));
    return written;
}

Result<bool> Outlet::drain() {
    std::size_t all = 0;
    while (held() != 0 && !full_ && all < limits::pipe_bytes) {
        const bool by_splice = own_.buffer.size() == 0 && own_.carrier.size() != 0 && splices();
        const std::uint64_t before = route_.delivered;
        const Method copies = splices() ? Method::copy : method();
        const auto bytes = taken(step(), before, by_splice ? Method::tee : copies);
        if (!bytes) return failure(bytes.error());
        all += *bytes;
    }
    return all != 0;
}

void Outlet::drop_held() {
    own_.discard();
    queue_.clear();
    lead_ = 0;
}

void Outlet::miss_held() {
    report_.missed += held();
    drop_held();
}

Error Outlet::too_slow() const {
    const auto after = std::chrono::duration<double>(given_.slow_after).count();
    return Error::told(Errc::timed_out, "write", fmt::format("took nothing for {:g} s", after))
        .at(Side::sink);
}

void Outlet::lose(const Error& error) {
    report_.error = error.about(report_.label);
    if (trail_ != nullptr) trail_->lost = true;
    drop_held();
    close();
}

void Outlet::close() {
    drop_rest(route_);
    // A reader sees the end only when every description of the sink is closed.
    if (own_sink_.valid()) route_.sink.fd = given_.end.fd;
    (void)own_sink_.close();
    given_.owner.reset();
}

std::optional<Outlet::Clock::time_point> Outlet::deadline(bool at_end) const {
    const bool has_one = given_.slow == Slow::detach || (given_.slow == Slow::drop && at_end);
    if (!has_one || !full_since_) return std::nullopt;
    return *full_since_ + given_.slow_after;
}

bool Outlet::left() const {
    const FdKind kind = given_.end.facts.kind;
    if (kind != FdKind::pipe && !is_socket(kind)) return false;
    const auto told = sys::reader_left(fd());
    return told && *told;
}

}  // namespace zc
