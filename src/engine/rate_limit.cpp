#include "engine/rate_limit.hpp"

#include <algorithm>
#include <limits>

namespace zc {
namespace {

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

double bytes_in(std::chrono::milliseconds time, double rate) {
    return std::max(1.0, rate * seconds(time));
}

}  // namespace

RateLimit::RateLimit(const std::atomic<std::uint64_t>& rate, RateLimit* with, Clock::time_point now)
    : rate_(rate), with_(with), at_(now) {}

RateLimit::Leave RateLimit::ask(Clock::time_point now) {
    Leave leave{std::numeric_limits<std::uint64_t>::max(), {}};
    if (const auto rate = static_cast<double>(rate_.load()); rate > 0) {
        const std::lock_guard lock(mutex_);
        saved_ = std::min(saved_ + rate * std::max(0.0, seconds(now - at_)), bytes_in(burst, rate));
        at_ = std::max(at_, now);
        const double least = bytes_in(piece, rate);
        const double missing = (least - saved_) / rate;
        leave.bytes = saved_ >= least ? static_cast<std::uint64_t>(saved_) : 0;
        if (leave.bytes == 0)
            leave.wait = std::chrono::ceil<std::chrono::milliseconds>(
                std::chrono::duration<double>(missing));
    }
    if (with_ == nullptr) return leave;
    const Leave other = with_->ask(now);
    return {std::min(leave.bytes, other.bytes), std::max(leave.wait, other.wait)};
}

void RateLimit::took(std::uint64_t bytes) {
    if (with_ != nullptr) with_->took(bytes);
    if (rate_ == 0) return;
    const std::lock_guard lock(mutex_);
    saved_ -= static_cast<double>(bytes);
}

}  // namespace zc
