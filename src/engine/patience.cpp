#include "engine/patience.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "kernel/sys.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

Side side_of(std::span<const Interest> wanted) {
    if (wanted.empty()) return Side::unknown;
    return wanted.front().event == Readiness::writable ? Side::sink : Side::source;
}

std::string text_of(std::chrono::milliseconds time) {
    return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

Failure out_of_time(Side side, const std::string& what) {
    return failure(Error::told(Errc::out_of_time, "poll", what).at(side));
}

}  // namespace

Result<void> Patience::in_time(Clock::time_point now, Side side) const {
    if (!bounds_.total || now - began_ < *bounds_.total) return {};
    const char* who = side == Side::unknown ? "" : "it was waited for when ";
    return out_of_time(side, fmt::format("{}{} were over", who, text_of(*bounds_.total)));
}

Result<void> Patience::moved() {
    const auto now = Clock::now();
    moved_at_ = now;
    return in_time(now, Side::unknown);
}

Result<void> Patience::wait(std::span<const Interest> wanted, std::span<const Interest> all,
                            std::optional<std::chrono::milliseconds> look_after) {
    const auto start = Clock::now();
    const Side side = side_of(wanted);
    if (wanted.empty()) moved_at_ = start;
    std::optional<Clock::time_point> until;
    const auto no_later_than = [&until](Clock::time_point when) {
        until = until ? std::min(*until, when) : when;
    };
    if (look_after) no_later_than(start + *look_after);
    if (bounds_.total) no_later_than(began_ + *bounds_.total);
    if (bounds_.stall && !wanted.empty()) no_later_than(moved_at_ + *bounds_.stall);
    std::optional<std::chrono::milliseconds> limit;
    if (until) limit = std::max(std::chrono::ceil<std::chrono::milliseconds>(*until - start), 0ms);
    const auto ready = sys::wait(all, {}, limit);
    if (!ready) return failure(ready.error().at(side));
    const auto now = Clock::now();
    if (auto over = in_time(now, side); !over) return over;
    if (*ready != 0 || wanted.empty() || !bounds_.stall) return {};
    if (now - moved_at_ < *bounds_.stall) return {};
    return out_of_time(
        side, fmt::format("{} for {}", side == Side::sink ? "nothing was taken" : "nothing came",
                          text_of(*bounds_.stall)));
}

}  // namespace zc
