// One source to many sinks, each at its own pace, with tee(2).
//
// What it is. Bytes are taken once, by splice, into a private pipe P. tee(2)
// duplicates what P holds into a sink that is a pipe, or into a second private
// pipe Q of a sink that is not, and Q is spliced to it. Nothing is copied.
//
// Why it is odd. tee(2) has no memory: it begins at P's oldest byte, the head,
// each time, and gives as much as the other pipe has slots for. A second call
// repeats the same bytes. So each sink has a lead: the bytes it has been given
// beyond the head. The head rule:
// 1. Only a sink at the head (lead 0) is given anything.
// 2. Once nobody is at the head it moves on by the smallest lead; all leads
//    become smaller by that.
// 3. What is waited for is a sink at the head that is full; the others have
//    what there is. Nobody else is polled, so nothing spins.
//
// How the head moves. Where all others are ahead, the last sink at the head is
// not teed to: P is spliced to it, at most the smallest lead of the others, and
// that consumes P. With one sink left this is the plain carrier. Sinks that
// refuse splice (files with O_APPEND, terminals), and those that are behind but
// may be (buffer_bytes), are given memory instead: P is read, once for all of
// them, and that consumes it. Such memory is shared (MemoryQueue). Below 64 KiB,
// where no pipe is worth its making, and for sources that refuse splice, the
// source is read that way and P stays empty.
//
// A chunk is what was taken at once. The next one is taken when P is empty and
// nobody is behind, but for what buffer_bytes allow: so a byte reaches all
// before the next is read, and a source that says EAGAIN has nothing.
// Slow::drop skips whole chunks: a sink that has some of it, and is then full,
// has the rest held for it in memory.
//
// A file as the source. P then holds pages of the file, under the lease of lease.hpp
// with a trail for each sink that keeps them, up to the copied tail. What P holds
// is at a known place in the file: a sink that is a file takes the same bytes from
// there by copy_file_range(2), which shares extents where it can. All sinks go
// through the file together, so that a writer who comes finds at most one chunk
// and what is in the pipes between the first and the last of them: that is copied,
// and then he may write. A digest and a copy never disagree. (Each sink at its own
// offset would be a file apart, and those behind could only fail.)
//
// Sinks that are files or sockets cost the time of a copy. Where there are two or
// more, and threads, each gets its own pipe's or memory's content written by a
// thread of its own; the round ends when all have come back, so nobody touches what
// two of them see, and the order in each is that of its one writer.
//
// A page that a file lent to the source may lose its content on the way. Who
// comes upon it first tells; the others get what is held for them, and that is all.
//
// What must stay true.
// - position = delivered + held == head + lead, for every sink at any time.
//   A sink that fails takes what is held for it with it.
// - Foreign pipes meet P and Q by calls that never sleep: nobody outside hangs
//   on their locks.
#include "engine/fanout_work.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {
namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

bool ends_all(SinkLoss on_loss, const Error& error) {
    switch (on_loss) {
        case SinkLoss::others_go_on: break;
        case SinkLoss::ends_all: return true;
        case SinkLoss::ends_all_unless_left: return !means_broken_pipe(error);
        case SinkLoss::ends_all_if_left: return means_broken_pipe(error);
    }
    return false;
}

}  // namespace

FanoutWork::FanoutWork(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                       FanoutOptions options)
    : head_{std::move(source), {}, space, options.transfer.waiting},
      options_(std::move(options)),
      given_(sinks.size()),
      taking_(choose_taking(head_.source.facts, options_.transfer.moved_by())),
      crew_(options_.threads),
      blocks_(crew_.helps() && std::count_if(sinks.begin(), sinks.end(), is_work) > 1
                  ? limits::shared_block_bytes
                  : limits::buffer_bytes),
      began_(std::chrono::steady_clock::now()) {
    for (FanoutSink& sink : sinks)
        outlets_.emplace_back(std::move(sink), head_.source.facts, options_.transfer.moved_by());
}

void FanoutWork::join(FanoutSink sink) {
    Outlet& outlet =
        outlets_.emplace_back(std::move(sink), head_.source.facts, options_.transfer.moved_by());
    if (bulk_) outlet.grow();
    while (guard_.holds() && outlet.splices())
        outlet.demote(Error::told(Errc::unavailable, "F_SETLEASE", "joined later"));
    outlet.skip(head_.space.carrier.size(), false);
}

std::size_t FanoutWork::living() const {
    const auto lives = [](const Outlet& outlet) { return outlet.living(); };
    return static_cast<std::size_t>(std::count_if(outlets_.begin(), outlets_.end(), lives));
}

bool FanoutWork::others_at_head(const Outlet& but) const {
    return std::any_of(outlets_.begin(), outlets_.end(), [&but](const Outlet& outlet) {
        return &outlet != &but && outlet.at_head();
    });
}

std::uint64_t FanoutWork::least_lead(const Outlet* but) const {
    std::uint64_t least = no_limit;
    for (const Outlet& outlet : outlets_)
        if (&outlet != but && outlet.living()) least = std::min(least, outlet.lead());
    return least;
}

bool FanoutWork::anything_held() const {
    return std::any_of(outlets_.begin(), outlets_.end(),
                       [](const Outlet& o) { return o.held() != 0; });
}

bool FanoutWork::may_take() const {
    return std::none_of(outlets_.begin(), outlets_.end(), [](const Outlet& outlet) {
        return outlet.living() && outlet.held() != 0 && outlet.offer() == Outlet::Offer::wait;
    });
}

Progress FanoutWork::finish() {
    finished_ = true;
    interests_.clear();
    if (const auto held = guard_.release(); !held && !report_.error)
        report_.error = held.error().about(head_.source.label);
    head_.space.discard();
    drop_rest(head_);
    report_.elapsed = std::chrono::steady_clock::now() - began_;
    for (Outlet& outlet : outlets_) {
        outlet.drop_held();
        outlet.close();
    }
    return Progress{Progress::State::finished, {}, {}};
}

void FanoutWork::cut_short(const Error& error) {
    const auto full = std::find_if(outlets_.begin(), outlets_.end(), [](const Outlet& outlet) {
        return outlet.living() && outlet.full();
    });
    if (error.side == Side::sink && full != outlets_.end())
        full->lose(error);
    else
        report_.error = error.about(head_.source.label);
    if (!finished_) (void)finish();
}

void FanoutWork::source_failed(const Error& error) {
    report_.error = error.about(head_.source.label);
    ended_ = true;
    head_.space.discard();
}

void FanoutWork::head_moved(std::uint64_t bytes, const Outlet* but) {
    for (Outlet& outlet : outlets_)
        if (outlet.living() && &outlet != but) outlet.head_moved(bytes);
}

void FanoutWork::lose(Outlet& outlet, const Error& error) {
    outlet.lose(error);
    if (ends_all(outlet.sink().on_loss, error)) (void)finish();
}

// Whether this outlet's part is written by a thread of its own, beside another's.
bool FanoutWork::works_aside(const Outlet& outlet) const {
    if (!crew_.helps() || !outlet.is_work()) return false;
    return std::count_if(outlets_.begin(), outlets_.end(),
                         [](const Outlet& other) { return other.living() && other.is_work(); }) > 1;
}

bool FanoutWork::drained(Outlet& outlet, const Result<bool>& took) {
    if (took) return *took;
    if (took.error().side == Side::sink) {
        lose(outlet, took.error());
    } else {
        outlet.drop_held();
        source_failed(took.error());
    }
    return true;
}

// Those whose sinks cost work, and that have much to write, at once.
bool FanoutWork::drain_together() {
    std::vector<Outlet*> busy;
    for (Outlet& outlet : outlets_)
        if (outlet.living() && !outlet.full() && outlet.held() >= limits::work_for_a_thread &&
            works_aside(outlet))
            busy.push_back(&outlet);
    if (busy.size() < 2) return false;
    std::vector<Result<bool>> took(busy.size(), false);
    crew_.run(busy.size(), [&](std::size_t i) { took[i] = busy[i]->drain(); });
    bool moved = false;
    for (std::size_t i = 0; i < busy.size() && !finished_; ++i)
        moved = drained(*busy[i], took[i]) || moved;
    return moved;
}

bool FanoutWork::drain() {
    bool moved = crew_.helps() && drain_together();
    for (Outlet& outlet : outlets_) {
        if (finished_) return true;
        if (!outlet.living() || outlet.held() == 0) continue;
        moved = drained(outlet, outlet.drain()) || moved;
    }
    return moved;
}

// Gives an outlet at the head its share of P without a copy of ours, if it can.
bool FanoutWork::serve(Outlet& outlet) {
    Carrier& head = head_.space.carrier;
    if (reflink(outlet, head.size()) != 0) return true;
    if (!outlet.can_splice_now()) return false;
    const bool aside = head.size() >= limits::work_for_a_thread && works_aside(outlet);
    const bool last = !others_at_head(outlet) && !aside;
    const auto most = std::min<std::uint64_t>(least_lead(&outlet), head.size());
    const auto got =
        last ? outlet.move_from(head, static_cast<std::size_t>(most)) : outlet.tee_from(head);
    if (got) {
        if (last) head_moved(*got, &outlet);
        return *got != 0;
    }
    if (got.error().side == Side::sink)
        lose(outlet, got.error());
    else
        source_failed(got.error());
    return true;
}

bool FanoutWork::spread() {
    const Carrier& head = head_.space.carrier;
    bool holds = false;
    bool moved = false;
    bool waits = false;
    for (Outlet& outlet : outlets_) {
        if (!outlet.at_head()) continue;
        if (outlet.can_splice_now() && serve(outlet)) {
            moved = true;
            if (finished_ || head.size() == 0) return true;
            continue;
        }
        switch (outlet.offer()) {
            case Outlet::Offer::hold: holds = true; break;
            case Outlet::Offer::wait: waits = true; break;
            case Outlet::Offer::skip:
                outlet.skip(head.size());
                moved = true;
                break;
        }
    }
    if (waits || moved) return moved;
    // Nobody is at the head but those who are given memory.
    std::uint64_t most = head.size();
    for (const Outlet& outlet : outlets_)
        if (outlet.living() && outlet.lead() != 0) most = std::min(most, outlet.lead());
    if (!holds && most == head.size()) {
        // Everybody has it, or has missed it.
        head_.space.carrier.discard();
        head_moved(most, nullptr);
    } else if (const auto got = read_head(most); !got) {
        source_failed(got.error());
    }
    return true;
}

Progress FanoutWork::advance() {
    const Progress done{Progress::State::finished, {}, {}};
    if (finished_) return done;
    look_at_lease();
    if (std::exchange(waited_, false)) look_again();
    source_waits_ = false;
    const bool drained = !finished_ && drain();
    const bool spread_some = !finished_ && head_.space.carrier.size() != 0 && spread();
    if (finished_) return done;
    if (living() == 0 && !options_.may_join) return finish();
    const bool moved = drained || spread_some;
    if (head_.space.carrier.size() != 0) return moved ? Progress{} : wait();
    // Pages are still out there only if the file was shorter than it said.
    if (ended_ && !anything_held() && (!guard_.holds() || guard_.settled())) return finish();
    if (ended_ || !may_take()) return moved ? Progress{} : wait();
    take();
    return (source_waits_ || rate_wait_) && !moved ? wait() : Progress{};
}

FanoutReport FanoutWork::report() const {
    FanoutReport all = report_;
    all.calls = head_.calls;
    if (!finished_) all.elapsed = std::chrono::steady_clock::now() - began_;
    for (const Outlet& outlet : outlets_) {
        all.calls += outlet.calls();
        if (all.sinks.size() < given_) all.sinks.push_back(outlet.report());
    }
    return all;
}

}  // namespace zc
