// The side of a fan-out that takes from its source; the essay is in fanout.cpp.
#include <algorithm>
#include <limits>
#include <utility>

#include "engine/fanout.hpp"
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {

std::size_t Fanout::allowance() const {
    const auto& limit = options_.transfer.limit;
    return static_cast<std::size_t>(limit ? *limit - head_.taken
                                          : std::numeric_limits<std::uint64_t>::max());
}

Method Fanout::choose_method() const {
    if (method_ != Method::tee) return method_;
    if (confirming_end_) return Method::copy;
    const std::uint64_t promised =
        std::min<std::uint64_t>(head_.source.facts.size_bytes, allowance());
    if (std::max(head_.taken, promised) < limits::small_transfer_bytes) return Method::copy;
    // When each sink would read its share, one read for all is less work.
    const bool any_splices = std::any_of(outlets_.begin(), outlets_.end(),
                                         [](const Outlet& o) { return o.living() && o.splices(); });
    return any_splices ? Method::tee : Method::copy;
}

std::optional<Error> Fanout::prepare_pipes() {
    if (!bulk_) {
        bulk_ = true;
        if (head_.source.facts.kind == FdKind::pipe)
            (void)grow_pipe(head_.source.fd, limits::pipe_bytes);
        for (Outlet& outlet : outlets_) outlet.grow();
    }
    const auto pipe = head_.space.carrier.pipe();
    if (!pipe) return pipe.error();
    return std::nullopt;
}

void Fanout::demote(const Error& reason) {
    report_.demotions.push_back(Demotion{method_, Method::copy, reason});
    method_ = Method::copy;
}

void Fanout::take() {
    head_.waiting =
        options_.watch_readers || anything_held() ? Waiting::by_poll : options_.transfer.waiting;
    const std::size_t limit = allowance();
    if (limit == 0) {
        ended_ = true;
        return;
    }
    const Method method = choose_method();
    if (method == Method::tee)
        if (auto refused = prepare_pipes()) {
            demote(*refused);
            return;
        }
    for (Outlet& outlet : outlets_) outlet.begin_chunk();
    const std::uint64_t taken = head_.taken;
    const auto step =
        method == Method::tee ? load_carrier(head_, limit) : take_to_memory(limit, method);
    report_.bytes = head_.taken;
    const Method counted = method == Method::tee && living() == 1 ? Method::carrier : method;
    report_.bytes_by[static_cast<std::size_t>(counted)] += head_.taken - taken;
    if (!step) return source_failed(step.error());
    after_take(*step, method);
}

Result<Step> Fanout::take_to_memory(std::size_t limit, Method method) {
    const auto& block = blocks_.block_with_room();
    auto room = block->room();
    const bool cached = head_.source.facts.kind == FdKind::regular ||
                        head_.source.facts.kind == FdKind::block_device;
    const auto cache =
        method == Method::uncached && cached ? sys::Cache::bypass : sys::Cache::normal;
    const auto got = read_source(head_, room.first(std::min(limit, room.size())), cache);
    if (!got) {
        if (cache == sys::Cache::bypass) return waits_demotes_or_fails(got.error(), Side::source);
        return waits_or_fails(got.error(), Side::source);
    }
    if (*got == 0) return ended();
    const std::size_t from = block->size();
    block->filled(*got);
    head_.taken += *got;
    for (Outlet& outlet : outlets_) {
        if (!outlet.living()) continue;
        if (outlet.held() != 0 && outlet.offer() == Outlet::Offer::skip)
            outlet.skip(*got);
        else
            outlet.hold({block, from, from + *got});
    }
    head_moved(*got, nullptr);
    return moved();
}

void Fanout::after_take(const Step& step, Method method) {
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
