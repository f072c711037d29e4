// The side of a fan-out that takes from its source; the essay is in fanout_work.cpp.
#include <algorithm>
#include <limits>
#include <utility>

#include "engine/fanout_work.hpp"
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {

std::size_t FanoutWork::allowance() const {
    const auto& limit = options_.transfer.limit;
    return static_cast<std::size_t>(limit ? *limit - head_.taken
                                          : std::numeric_limits<std::uint64_t>::max());
}

Method FanoutWork::choose_method() {
    if (taking() != Method::tee) return taking();
    if (confirming_end_) return Method::copy;
    const std::uint64_t promised =
        std::min<std::uint64_t>(head_.source.facts.size_bytes, allowance());
    if (std::max(head_.taken, promised) < limits::small_transfer_bytes) return Method::copy;
    // When each sink would read its share, one read for all is less work.
    if (!any(&Outlet::splices) || (taking_.aliases && !bulk_ && !lease_is_worth_it()))
        return Method::copy;
    if (!bulk_) prepare_pipes();
    if (taking() == Method::tee && taking_.aliases && guard_.budget() == 0) return Method::copy;
    return taking();
}

bool FanoutWork::any(bool (Outlet::*is)() const) const {
    return std::any_of(outlets_.begin(), outlets_.end(),
                       [is](const Outlet& outlet) { return outlet.living() && (outlet.*is)(); });
}

bool FanoutWork::lease_is_worth_it() const {
    return any(&Outlet::reflinks) ||
           std::min<std::uint64_t>(head_.source.facts.size_bytes, allowance()) >=
               limits::aliased_file_bytes;
}

void FanoutWork::prepare_pipes() {
    bulk_ = true;
    if (head_.source.facts.kind == FdKind::pipe)
        (void)grow_pipe(head_.source.fd, limits::pipe_bytes);
    for (Outlet& outlet : outlets_) outlet.grow();
    auto refused = taking_.aliases ? guard_pages() : std::nullopt;
    if (const auto pipe = head_.space.carrier.pipe(); !refused && !pipe) refused = pipe.error();
    if (!refused) return;
    (void)guard_.release();  // no page is out yet
    demote(*refused);
}

std::optional<Error> FanoutWork::guard_pages() {
    for (Outlet& outlet : outlets_) outlet.follow(guard_);
    auto refused = guard_.start(head_.source.fd, allowance());
    if (!refused && guard_.budget() == 0 && !any(&Outlet::reflinks))
        refused = Error::told(Errc::unavailable, "F_SETLEASE", "no longer than the copied tail");
    return refused;
}

// Gives an outlet at the head the bytes that were taken last, from the file itself.
std::size_t FanoutWork::reflink(Outlet& outlet, std::size_t bytes) {
    if (!outlet.reflinks() || outlet.held() != 0 || !guard_.unbroken()) return 0;
    const auto end = sys::offset(head_.source.fd);
    return end ? outlet.reflink_from(head_.source.fd, *end - bytes, bytes) : 0;
}

void FanoutWork::look_at_lease() {
    if (!guard_.holds()) return;
    const bool needed =
        head_.space.carrier.size() != 0 || any(&Outlet::holds_pages) || any(&Outlet::reflinks);
    const auto broken = guard_.look(needed ? LeaseUse::goes_on : LeaseUse::over);
    if (!broken) return source_failed(broken.error());
    if (!*broken) return;
    if (const auto copied = unshare(); !copied) source_failed(copied.error());
}

// Copies the pages that are still here, so that the file can be written.
Result<void> FanoutWork::unshare() {
    for (Outlet& outlet : outlets_) {
        if (!outlet.living()) continue;
        if (auto copied = outlet.unshare(); !copied) return copied;
    }
    while (head_.space.carrier.size() != 0)
        if (auto got = read_head(head_.space.carrier.size()); !got) return failure(got.error());
    return {};
}

void FanoutWork::demote(const Error& reason) {
    const Method from = taking();
    at_ = std::min(at_ + 1, taking_.count - 1);
    report_.demotions.push_back(Demotion{from, taking(), reason});
    if (from == Method::uncached) drop_behind(head_);
}

void FanoutWork::take() {
    head_.waiting =
        options_.watch_readers || anything_held() ? Waiting::by_poll : options_.transfer.waiting;
    std::size_t limit = allowance();
    if (limit == 0) {
        ended_ = true;
        return;
    }
    const Method method = choose_method();
    const bool pages = method == Method::tee && taking_.aliases;
    if (pages) limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, guard_.budget()));
    if (waits_for_rate(limit)) return;
    for (Outlet& outlet : outlets_) outlet.begin_chunk();
    const std::uint64_t taken = head_.taken;
    const auto step =
        method == Method::tee ? load_carrier(head_, limit) : take_to_memory(limit, method);
    if (pages) guard_.spliced(head_.taken - taken);
    report_.bytes = head_.taken;
    const Method counted = method == Method::tee && living() == 1 ? Method::carrier : method;
    report_.bytes_by[static_cast<std::size_t>(counted)] += head_.taken - taken;
    const auto& supervision = options_.transfer.supervision;
    if (supervision.rate != nullptr) supervision.rate->took(head_.taken - taken);
    if (supervision.gauge != nullptr) supervision.gauge->moved(head_.taken - taken);
    if (!step) return source_failed(step.error());
    after_take(*step, method);
}

bool FanoutWork::waits_for_rate(std::size_t& limit) {
    rate_wait_.reset();
    RateLimit* const rate = options_.transfer.supervision.rate;
    if (rate == nullptr) return false;
    const auto leave = rate->ask(RateLimit::Clock::now());
    if (leave.bytes == 0) {
        rate_wait_ = leave.wait;
        if (Gauge* const gauge = options_.transfer.supervision.gauge) gauge->rests();
    }
    limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, leave.bytes));
    return leave.bytes == 0;
}

Result<Step> FanoutWork::take_to_memory(std::size_t limit, Method method) {
    const auto& block = blocks_.block_with_room();
    auto room = block->room();
    const bool cached = has_page_cache(head_.source.facts.kind);
    const auto cache = method == Method::uncached && cached ? Cache::bypass : Cache::normal;
    const auto got = read_source(head_, room.first(std::min(limit, room.size())), cache);
    if (!got) {
        if (cache == Cache::bypass) return waits_demotes_or_fails(got.error(), Side::source);
        return waits_or_fails(got.error(), Side::source);
    }
    if (*got == 0) return ended();
    const std::size_t from = block->size();
    block->filled(*got);
    head_.taken += *got;
    if (options_.transfer.tap) options_.transfer.tap({block->room().data() - *got, *got});
    for (Outlet& outlet : outlets_) {
        if (!outlet.living()) continue;
        if (outlet.held() != 0 && outlet.offer() == Outlet::Offer::skip)
            outlet.skip(*got);
        else
            (void)reflink(outlet, *got);
    }
    share({block, from, from + *got});
    return moved();
}

// Reads of P into memory, for those who have not got it yet.
Result<std::size_t> FanoutWork::read_head(std::uint64_t most) {
    const auto& block = blocks_.block_with_room();
    auto room = block->room();
    room = room.first(static_cast<std::size_t>(std::min<std::uint64_t>(most, room.size())));
    auto got = read_carrier(head_, head_.space.carrier, room);
    if (!got) return got;
    const std::size_t from = block->size();
    block->filled(*got);
    share({block, from, from + *got});
    return got;
}

// Who has a lead has the beginning of it already.
void FanoutWork::share(const Piece& piece) {
    const std::size_t bytes = piece.to - piece.from;
    for (Outlet& outlet : outlets_)
        if (outlet.living() && outlet.lead() < bytes)
            outlet.hold({piece.block, piece.from + outlet.lead(), piece.to});
    head_moved(bytes, nullptr);
}

void FanoutWork::after_take(const Step& step, Method method) {
    switch (step.kind) {
        case Step::Kind::moved: break;
        case Step::Kind::unsupported: demote(step.reason); return;
        case Step::Kind::wait_source:
        case Step::Kind::wait_sink: source_waits_ = true; return;
        case Step::Kind::ended:
            confirming_end_ = method == Method::tee && may_hold_more(head_.source);
            ended_ = !confirming_end_;
            return;
    }
    if (std::exchange(confirming_end_, false))
        demote(Error::told(Errc::unavailable, "splice", "it holds more than was said"));
}

}  // namespace zc
