// A thread that looks on while others move bytes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <thread>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// What it does; called in its own thread, one after the other.
struct ObserverTasks {
    std::chrono::milliseconds interval{1000};
    std::function<void()> at_interval;   // and once at the end, by stop()
    std::function<void(int)> at_signal;  // one of those that are taken
};

// Owns    the thread, and the signals it takes: they end or interrupt nobody.
// Order   made before any other thread, so that all have the signals blocked.
class Observer {
public:
    // Errors  EMFILE, ENFILE, EAGAIN for the thread.
    [[nodiscard]] static Result<Observer> start(std::span<const int> signals, ObserverTasks tasks);
    Observer(Observer&& other) noexcept = default;
    Observer& operator=(Observer&&) noexcept = delete;
    ~Observer();

    // Ends the thread. Blocks until it has ended.
    void stop();

private:
    Observer(Fd bell, Fd signals) : bell_(std::move(bell)), signals_(std::move(signals)) {}
    Fd bell_;
    Fd signals_;
    std::thread thread_;
};

}  // namespace zc
