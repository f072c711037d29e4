#include "kernel/stop.hpp"

#include <atomic>
#include <utility>

#include "kernel/sys_event.hpp"

namespace zc {

struct StopToken::State {
    explicit State(Fd made) : event(std::move(made)) {}
    Fd event;
    std::atomic<bool> requested = false;
};

bool StopToken::requested() const { return state_ != nullptr && state_->requested; }

FdView StopToken::descriptor() const { return state_ != nullptr ? state_->event.view() : FdView(); }

Result<StopSource> StopSource::create() {
    auto event = sys::make_eventfd();
    if (!event) return failure(event.error());
    return StopSource(StopToken(std::make_shared<StopToken::State>(std::move(*event))));
}

void StopSource::request_stop() {
    token_.state_->requested = true;
    sys::ring(token_.state_->event.view());
}

}  // namespace zc
