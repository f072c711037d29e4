#include "report/observer.hpp"

#include <array>
#include <system_error>
#include <utility>

#include "kernel/sys.hpp"
#include "kernel/sys_event.hpp"

namespace zc {
namespace {

using Clock = std::chrono::steady_clock;

void look_on(FdView bell, FdView signals, const ObserverTasks& tasks) {
    const std::array interests{Interest{bell, Readiness::readable},
                               Interest{signals, Readiness::readable}};
    std::array<bool, 2> ready{};
    auto next = Clock::now() + tasks.interval;
    while (!ready[0]) {
        std::optional<std::chrono::milliseconds> limit;
        if (tasks.at_interval)
            limit = std::max(std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()),
                             std::chrono::milliseconds{0});
        if (!sys::wait(interests, ready, limit)) return;
        while (const auto signal = ready[1] ? sys::next_signal(signals) : std::nullopt)
            tasks.at_signal(*signal);
        if (!tasks.at_interval || ready[0] || Clock::now() < next) continue;
        tasks.at_interval();
        next += tasks.interval;
    }
    if (tasks.at_interval) tasks.at_interval();
}

}  // namespace

Result<Observer> Observer::start(std::span<const int> signals, ObserverTasks tasks) {
    auto taken = sys::take_signals(signals);
    if (!taken) return failure(taken.error());
    auto bell = sys::make_eventfd();
    if (!bell) return failure(bell.error());
    Observer observer(std::move(*bell), std::move(*taken));
    try {
        observer.thread_ =
            std::thread(look_on, observer.bell_.view(), observer.signals_.view(), std::move(tasks));
    } catch (const std::system_error& refused) {
        return failure(Error::system("clone", refused.code().value()));
    }
    return observer;
}

void Observer::stop() {
    if (!thread_.joinable()) return;
    sys::ring(bell_.view());
    thread_.join();
}

Observer::~Observer() { stop(); }

}  // namespace zc
