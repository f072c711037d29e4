#include "engine/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace zc {
namespace {

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

double bytes_in(std::chrono::milliseconds time, double rate) {
    return std::max(1.0, rate * seconds(time));
}

}  // namespace

RateLimit::RateLimit(std::uint64_t rate, Clock::time_point now)
    : rate_(static_cast<double>(std::max<std::uint64_t>(rate, 1))), at_(now) {}

void RateLimit::set(std::uint64_t rate) {
    const std::lock_guard lock(mutex_);
    save_up(Clock::now());
    rate_ = static_cast<double>(std::max<std::uint64_t>(rate, 1));
    saved_ = std::min(saved_, bytes_in(burst, rate_));
}

std::uint64_t RateLimit::rate() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::uint64_t>(rate_);
}

void RateLimit::save_up(Clock::time_point now) {
    if (now <= at_) return;
    saved_ = std::min(saved_ + rate_ * seconds(now - at_), bytes_in(burst, rate_));
    at_ = now;
}

RateLimit::Leave RateLimit::ask(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    save_up(now);
    const double least = bytes_in(piece, rate_);
    if (saved_ >= least) return {static_cast<std::uint64_t>(saved_), {}};
    const double missing = (least - saved_) / rate_;
    return {0, std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(missing * 1000)))};
}

void RateLimit::took(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    saved_ -= static_cast<double>(bytes);
}

}  // namespace zc
