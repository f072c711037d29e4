#include <vector>

#include "catch.hpp"
#include "relay/timers.hpp"

using namespace zc;
using namespace std::chrono_literals;

TEST_CASE("timers: each token is due once, at its earliest time") {
    Timers timers;
    const auto start = Timers::Clock::now();
    CHECK_FALSE(timers.until_next(start));
    timers.set(1, start + 30ms);
    timers.set(2, start + 10ms);
    timers.set(1, start + 20ms);
    timers.set(1, start + 40ms);  // later than what is pending: nothing new
    CHECK(timers.until_next(start) == 10ms);
    CHECK(timers.due(start + 9ms).empty());
    CHECK(timers.due(start + 25ms) == std::vector<std::uint64_t>{2, 1});
    CHECK(timers.due(start + 60ms).empty());
}

TEST_CASE("timers: a rest of less than a millisecond is waited for, not spun away") {
    Timers timers;
    const auto start = Timers::Clock::now();
    timers.set(1, start + 100us);
    CHECK(timers.until_next(start) == 1ms);
    CHECK(timers.until_next(start + 1s) == 0ms);
}
