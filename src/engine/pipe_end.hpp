// One end of a Pipe, used by calls and closed from anywhere; the essay is in pipe.cpp.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <utility>

#include "kernel/fd.hpp"
#include "kernel/stop.hpp"
#include "kernel/sys.hpp"

namespace zc {

inline Error closed() { return Error::told(Errc::stopped, "close", "the pipe is closed"); }

class PipeEnd {
public:
    PipeEnd(Fd fd, StopSource stop) : fd_(std::move(fd)), stop_(std::move(stop)) {}

    [[nodiscard]] FdView fd() const { return fd_.view(); }
    [[nodiscard]] const StopToken& stop() const { return stop_.token(); }

    [[nodiscard]] bool enter() {
        const std::lock_guard lock(mutex_);
        if (stop_.requested()) return false;
        ++users_;
        return true;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        if (--users_ == 0 && stop_.requested()) (void)fd_.close();
    }
    Result<void> close() {
        const std::lock_guard lock(mutex_);
        if (stop_.requested()) return failure(closed());
        stop_.request_stop();
        return users_ == 0 ? fd_.close() : Result<void>();
    }

private:
    Fd fd_;
    StopSource stop_;
    std::mutex mutex_;
    unsigned users_ = 0;
};

// A call's use of an end.
class EndUse {
public:
    explicit EndUse(PipeEnd& end) : end_(end.enter() ? &end : nullptr) {}
    EndUse(const EndUse&) = delete;
    EndUse& operator=(const EndUse&) = delete;
    ~EndUse() {
        if (end_ != nullptr) end_->leave();
    }
    [[nodiscard]] bool valid() const { return end_ != nullptr; }

private:
    PipeEnd* end_;
};

// Waits until `end` can be acted on, or that or `other` is closed.
inline Result<void> await(const PipeEnd& end, Readiness event, const PipeEnd& other) {
    const std::array wanted{Interest{end.fd(), event},
                            Interest{end.stop().descriptor(), Readiness::readable},
                            Interest{other.stop().descriptor(), Readiness::readable}};
    const auto ready = sys::wait(wanted, {}, {});
    if (!ready) return failure(ready.error());
    const bool ended = end.stop().requested() || other.stop().requested();
    return ended ? Result<void>(failure(closed())) : Result<void>();
}
inline Result<void> await(const PipeEnd& end, Readiness event) { return await(end, event, end); }

inline bool is_ready(const PipeEnd& end, Readiness event) {
    const std::array wanted{Interest{end.fd(), event}};
    const auto ready = sys::wait(wanted, {}, std::chrono::milliseconds{0});
    return ready && *ready != 0;
}

}  // namespace zc
