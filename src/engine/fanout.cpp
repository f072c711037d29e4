// One source to many sinks, in lockstep, with tee(2).
//
// What it is. Bytes are taken once, by splice, into a private pipe P. tee(2)
// duplicates what P holds into a second private pipe Q without copying it, and
// Q is spliced to a sink; so for each sink but the last, who gets P itself.
//
// Why it is odd. tee(2) has no memory: it begins at P's head each time, and a
// second call repeats the same bytes. A share can therefore be given in one call
// only, into an empty Q with at least as many slots as P has; and P can be
// consumed only when everybody else has his share. Where that fails in the
// middle, some sinks hold the chunk, one may hold a part of it, and the rest
// nothing. So each sink has a count, `ahead`: the bytes it holds beyond P's head.
//
// The chunk:
// 1. Both pipes are empty: the smaller one is P. Take: splice the source to P.
//    The chunk is what P holds now, however much that is.
// 2. For every living sink but the last: tee P to Q, and let it drain Q by the
//    carrier's own step. A sink that refuses splice reads Q into the buffer and
//    is written to from there, for good; that shows its true errno.
// 3. The last living sink: P and Q change places, and it drains Q as the others
//    did. P is empty. With one sink left this is the plain carrier.
//
// Copying instead, where tee or splice do not fit, and below 64 KiB, where no
// pipe is worth its making: the buffer is the chunk, filled from P while P holds
// something, otherwise from the source. Every sink is given the buffer from its
// `ahead` on. At the end of a chunk, all counts go down by its length. So what
// was begun by tee is ended by copy, wherever it stopped: a sink that is ahead
// of the whole buffer is passed over, one inside it gets the rest.
//
// A page that a file lent to the source may lose its content on the way. Reading P
// finds it too, after all before it has been given to all; that is the failure told.
//
// What must stay true.
// - The source is asked only when nothing is held. This is what makes EAGAIN
//   unambiguous (path_carrier.cpp), and a byte reach all before the next is taken.
// - What is in `side_` (Q, or the buffer) is for the sink whose turn it is. When
//   that sink fails it is thrown away, before anybody else has a turn.
// - Foreign pipes meet only P and Q: nobody outside hangs on their locks.
#include "engine/fanout.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {
namespace {

sys::Cache cache_of(Method method) {
    return method == Method::uncached ? sys::Cache::bypass : sys::Cache::normal;
}

void grow_if_pipe(const Endpoint& end) {
    if (end.facts.kind == FdKind::pipe) (void)grow_pipe(end.fd, limits::pipe_bytes);
}

bool ends_all(SinkLoss on_loss, const Error& error) {
    return on_loss == SinkLoss::ends_all ||
           (on_loss == SinkLoss::ends_all_unless_left && !means_broken_pipe(error));
}

}  // namespace

Fanout::Fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
               TransferOptions options)
    : head_{std::move(source), {}, space, options.waiting},
      options_(options),
      method_(choose_taking(head_.source.facts, options.policy)),
      living_(sinks.size()),
      began_(std::chrono::steady_clock::now()) {
    report_.sinks.reserve(sinks.size());
    sinks_.reserve(sinks.size());
    for (FanoutSink& sink : sinks) {
        SinkReport& report = report_.sinks.emplace_back();
        report.label = sink.end.label;
        const Method method = choose_giving(sink.end.facts, options.policy);
        sinks_.push_back(Sink{Route{{}, std::move(sink.end), side_, options.waiting}, method,
                              sink.on_loss, 0, &report});
    }
}

std::size_t Fanout::allowance() const {
    const std::uint64_t most = std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(options_.limit ? *options_.limit - head_.taken : most);
}

bool Fanout::lacks_chunk(const Sink& sink) const {
    return !sink.report->error && sink.ahead < chunk_;
}

Method Fanout::choose_method() const {
    if (method_ != Method::tee) return method_;
    // P holds what is left of a chunk that tee has not given to everybody.
    if (head_.space.carrier.size() != 0 || confirming_end_) return Method::copy;
    const std::uint64_t promised =
        std::min<std::uint64_t>(head_.source.facts.size_bytes, allowance());
    if (std::max(head_.taken, promised) < limits::small_transfer_bytes) return Method::copy;
    // When each sink would read its share of Q, one read for all is less work.
    const bool any_splices = std::any_of(sinks_.begin(), sinks_.end(), [](const Sink& sink) {
        return !sink.report->error && sink.method == Method::carrier;
    });
    return any_splices ? Method::tee : Method::copy;
}

std::optional<Error> Fanout::prepare_pipes() {
    if (!bulk_) {
        bulk_ = true;
        grow_if_pipe(head_.source);
        for (const Sink& sink : sinks_) grow_if_pipe(sink.route.sink);
    }
    Carrier& taken = head_.space.carrier;
    Carrier& given = side_.carrier;
    if (!taken.exists()) std::swap(taken, given);
    const auto p = taken.pipe();
    if (!p) return p.error();
    if (living_ == 1) return std::nullopt;
    const auto q = given.pipe();
    if (!q) return q.error();
    // Kernel: tee(2) needs a free slot for every slot it duplicates. Over the
    // user's quota the second pipe may have been granted two slots only.
    // Test: "fanout: a second pipe that is smaller becomes the first".
    if ((*q)->capacity() < (*p)->capacity()) std::swap(taken, given);
    return std::nullopt;
}

void Fanout::demote(const Error& reason) {
    report_.demotions.push_back(Demotion{method_, Method::copy, reason});
    method_ = Method::copy;
}

Progress Fanout::finish(std::optional<Error> error) {
    finished_ = true;
    chunk_ = 0;
    head_.space.discard();
    side_.discard();
    if (error) error->subject = head_.source.label;
    report_.error = std::move(error);
    report_.calls = head_.calls;
    for (const Sink& sink : sinks_) report_.calls += sink.route.calls;
    report_.elapsed = std::chrono::steady_clock::now() - began_;
    return Progress{Progress::State::finished, {}, {}};
}

Progress Fanout::take() {
    const std::size_t limit = allowance();
    if (living_ == 0 || (limit == 0 && head_.space.held() == 0)) return finish(std::nullopt);
    const Method method = choose_method();
    if (method == Method::tee) {
        if (auto refused = prepare_pipes()) {
            demote(*refused);
            return {};
        }
    }
    const std::uint64_t taken = head_.taken;
    auto step = method == Method::tee ? load_carrier(head_, limit)
                                      : load_buffer(head_, limit, cache_of(method));
    report_.bytes = head_.taken;
    const Method counted = method == Method::tee && living_ == 1 ? Method::carrier : method;
    report_.bytes_by[static_cast<std::size_t>(counted)] += head_.taken - taken;
    if (!step) return finish(step.error());
    return after_take(*step, method);
}

Progress Fanout::after_take(const Step& step, Method method) {
    switch (step.kind) {
        case Step::Kind::moved: break;
        case Step::Kind::unsupported: demote(step.reason); return {};
        case Step::Kind::wait_source:
        case Step::Kind::wait_sink:
            return Progress{
                Progress::State::waiting, Interest{head_.source.fd, Readiness::readable}, {}};
        case Step::Kind::ended:
            if (method != Method::tee || !may_hold_more(head_.source)) return finish(std::nullopt);
            confirming_end_ = true;
            return {};
    }
    if (std::exchange(confirming_end_, false))
        demote(Error::told(Errc::unavailable, "splice", "it holds more than was said"));
    chunk_method_ = method;
    turn_ = 0;
    if (method == Method::tee) {
        chunk_ = head_.space.carrier.size();
        return {};
    }
    std::swap(side_.buffer, head_.space.buffer);
    chunk_ = side_.buffer.size();
    // Nothing of it is anybody's yet: give() says from where on it is.
    // Test: "fanout: a share that is cut short is ended by copy".
    side_.buffer.consumed(side_.buffer.size());
    return {};
}

void Fanout::end_chunk() {
    for (Sink& sink : sinks_) sink.ahead -= std::min(sink.ahead, chunk_);
    chunk_ = 0;
    if (chunk_method_ == Method::tee) return;
    side_.buffer.clear();
    std::swap(side_.buffer, head_.space.buffer);
}

bool Fanout::tee_share() {
    const auto p = head_.space.carrier.pipe();
    const auto q = side_.carrier.pipe();
    if (!p || !q) {
        demote(!p ? p.error() : q.error());
        return false;
    }
    ++head_.calls;
    // Kernel: with bytes in P and room in Q this never sleeps and never fails;
    // where it does, whatever errno says, reading P will do.
    const auto share = sys::tee((*p)->read_end(), (*q)->write_end(), chunk_, sys::Sleep::never);
    if (share) side_.carrier.filled(*share);
    if (!share)
        demote(share.error());
    else if (*share == 0)
        demote(Error::told(Errc::unavailable, "tee", "nothing was duplicated"));
    return side_.carrier.size() != 0;
}

bool Fanout::give(const Sink& sink) {
    if (chunk_method_ != Method::tee) {
        side_.buffer.reread(sink.ahead);
        return true;
    }
    // The share was cut short, and tee would begin at the head again.
    if (sink.ahead != 0) return false;
    const auto next = sinks_.begin() + static_cast<std::ptrdiff_t>(turn_) + 1;
    const bool last =
        std::none_of(next, sinks_.end(), [this](const Sink& s) { return lacks_chunk(s); });
    is_share_ = !last;
    if (is_share_) return tee_share();
    std::swap(side_.carrier, head_.space.carrier);
    return true;
}

Progress Fanout::serve() {
    while (turn_ < sinks_.size() && !lacks_chunk(sinks_[turn_])) ++turn_;
    if (turn_ == sinks_.size()) {
        end_chunk();
        return take();
    }
    Sink& sink = sinks_[turn_];
    if (side_.held() == 0 && !give(sink)) {
        chunk_ = 0;  // what is in P is given by copy
        return {};
    }
    return deliver(sink);
}

Progress Fanout::deliver(Sink& sink) {
    const bool reads = side_.buffer.size() != 0 && sink.method == Method::carrier;
    const Method method = reads ? Method::copy : sink.method;
    const std::uint64_t delivered = sink.route.delivered;
    auto step = method == Method::carrier ? drain_carrier(sink.route)
                                          : deliver_held(sink.route, cache_of(method));
    const std::uint64_t gained = sink.route.delivered - delivered;
    sink.ahead += gained;
    sink.report->bytes = sink.route.delivered;
    const Method counted = method == Method::carrier && is_share_ ? Method::tee : method;
    sink.report->bytes_by[static_cast<std::size_t>(counted)] += gained;
    if (!step)
        return step.error().side == Side::sink ? lose(sink, step.error()) : page_lost(step.error());
    if (step->kind == Step::Kind::wait_sink)
        return Progress{
            Progress::State::waiting, Interest{sink.route.sink.fd, Readiness::writable}, {}};
    if (step->kind == Step::Kind::unsupported) {
        sink.report->demotions.push_back(Demotion{sink.method, Method::copy, step->reason});
        sink.method = Method::copy;
    }
    return {};
}

Progress Fanout::page_lost(const Error& error) {
    drop_share();
    chunk_ = 0;
    if (head_.space.carrier.size() == 0) return finish(error);
    return {};
}

void Fanout::drop_share() {
    side_.buffer.consumed(side_.buffer.size());
    if (side_.carrier.size() != 0) side_.carrier.discard();
}

Progress Fanout::lose(Sink& sink, const Error& error) {
    sink.report->error = error.about(sink.report->label);
    --living_;
    drop_share();
    if (living_ == 0 || ends_all(sink.on_loss, error)) return finish(std::nullopt);
    return {};
}

Progress Fanout::advance() {
    if (finished_) return Progress{Progress::State::finished, {}, {}};
    return chunk_ == 0 ? take() : serve();
}

}  // namespace zc
