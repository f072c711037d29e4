// How long a transfer may take, and how long nothing may move.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

struct Bounds {
    std::optional<std::chrono::milliseconds> stall;  // the longest time without movement
    std::optional<std::chrono::milliseconds> total;  // the longest time in all
};

// Waits for movers, but no longer than the bounds allow; one for all transfers of a run.
class Patience {
public:
    using Clock = std::chrono::steady_clock;

    explicit Patience(Bounds bounds, Clock::time_point now = Clock::now())
        : bounds_(bounds), began_(now), moved_at_(now) {}

    // Sleeps until one of the interests can be acted on, or for `look_after`.
    //
    // Takes    what the mover waits for, none when it waits for the time alone (a rate
    //          limit): then it is not stalled; and all that ends the wait.
    // Errors   Errc::out_of_time, with the side that was waited for.
    [[nodiscard]] Result<void> wait(std::span<const Interest> wanted, std::span<const Interest> all,
                                    std::optional<std::chrono::milliseconds> look_after);

    // Something has moved; the time in all is looked at then, too.
    [[nodiscard]] Result<void> moved();

private:
    [[nodiscard]] Result<void> in_time(Clock::time_point now, Side side) const;

    Bounds bounds_;
    Clock::time_point began_;
    Clock::time_point moved_at_;
};

}  // namespace zc
