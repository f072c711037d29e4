// What a fan-out waits for, and what the time has done; the essay is in fanout_work.cpp.
#include <algorithm>
#include <cerrno>
#include <iterator>

#include "engine/fanout_work.hpp"
#include "kernel/limits.hpp"

namespace zc {

// After a wait: who was full may not be any more, may have left, or be too late.
void FanoutWork::look_again() {
    for (Outlet& outlet : outlets_) {
        if (!outlet.living()) continue;
        outlet.try_again();
        if (options_.watch_readers && outlet.left()) {
            lose(outlet, Error::system("poll", EPIPE).at(Side::sink));
        } else if (const auto until = outlet.deadline(ended_);
                   until && Outlet::Clock::now() >= *until) {
            if (outlet.sink().slow == Slow::drop)
                outlet.miss_held();
            else
                lose(outlet, outlet.too_slow());
        }
        if (finished_) return;
    }
    // Who has joined goes without a trace.
    auto joined = std::next(outlets_.begin(), static_cast<std::ptrdiff_t>(given_));
    while (joined != outlets_.end())
        joined = joined->living() ? std::next(joined) : outlets_.erase(joined);
}

Progress FanoutWork::wait() {
    waited_ = true;
    ++report_.try_laters;
    interests_.clear();
    Progress progress{Progress::State::waiting, {}, {}};
    std::optional<Outlet::Clock::time_point> until;
    for (const Outlet& outlet : outlets_) {
        if (!outlet.living() || !outlet.full()) continue;
        interests_.push_back({outlet.fd(), Readiness::writable});
        if (const auto deadline = outlet.deadline(ended_); deadline)
            until = until ? std::min(*until, *deadline) : *deadline;
    }
    if (source_waits_) {
        interests_.push_back({head_.source.fd, Readiness::readable});
        for (const Outlet& outlet : outlets_)
            if (options_.watch_readers && outlet.living() && !outlet.full())
                interests_.push_back({outlet.fd(), Readiness::left});
    }
    if (rate_wait_ && !source_waits_) {
        const auto more = Outlet::Clock::now() + *rate_wait_;
        until = until ? std::min(*until, more) : more;
    }
    if (guard_.holds()) {
        const auto look = Outlet::Clock::now() + limits::lease_look;
        until = until ? std::min(*until, look) : look;
    }
    if (until)
        progress.look_after =
            std::max(std::chrono::milliseconds{0},
                     std::chrono::ceil<std::chrono::milliseconds>(*until - Outlet::Clock::now()));
    if (!interests_.empty()) progress.wants = interests_.front();
    return progress;
}

}  // namespace zc
