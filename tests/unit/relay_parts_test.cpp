// The parts of the relay that decide: which target, which pipe.
#include <cerrno>
#include <vector>

#include "catch.hpp"
#include "relay/carriers.hpp"
#include "relay/targets.hpp"
#include "relay/timers.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using namespace std::chrono_literals;

namespace {

using Order = std::vector<std::size_t>;

struct Three {
    explicit Three(Balance balance) : targets(addresses, balance, 10s) {}
    std::vector<Address> addresses{*parse_address("TCP:a:1"), *parse_address("TCP:b:1"),
                                   *parse_address("TCP:c:1")};
    Targets targets;
};

constexpr std::size_t small = 64 * 1024;
constexpr std::size_t large = 1024 * 1024;

}  // namespace

TEST_CASE("timers: one time for each, the earliest, until it has come or is forgotten") {
    Timers timers;
    const auto now = Timers::Clock::now();
    timers.set(1, now + 5s);
    timers.set(1, now + 9s);
    timers.set(2, now + 3s);
    timers.set(3, now + 1s);
    for (int i = 0; i < 100; ++i) timers.set(1, now + std::chrono::milliseconds(4900 - i));
    CHECK(timers.size() == 3);
    timers.forget(3);
    timers.forget(4);
    CHECK(timers.until_next(now) == 3000ms);
    CHECK(timers.due(now + 2s).empty());
    CHECK(timers.due(now + 5s) == std::vector<std::uint64_t>{2, 1});
    CHECK_FALSE(timers.until_next(now));
}

TEST_CASE("targets: first is in the order given, those that refused come last for a while") {
    Three three(Balance::first);
    const auto now = Targets::Clock::now();
    CHECK(three.targets.order(now) == Order{0, 1, 2});
    three.targets.refused(0, now);
    CHECK(three.targets.order(now + 9s) == Order{1, 2, 0});
    three.targets.refused(1, now);
    CHECK(three.targets.order(now + 9s) == Order{2, 0, 1});
    CHECK(three.targets.order(now + 10s) == Order{0, 1, 2});
}

TEST_CASE("targets: round-robin begins with each in its turn") {
    Three three(Balance::round_robin);
    const auto now = Targets::Clock::now();
    CHECK(three.targets.order(now) == Order{0, 1, 2});
    CHECK(three.targets.order(now) == Order{1, 2, 0});
    three.targets.refused(2, now);
    CHECK(three.targets.order(now) == Order{0, 1, 2});
    CHECK(three.targets.order(now) == Order{0, 1, 2});
}

TEST_CASE("targets: least begins with the fewest sessions") {
    Three three(Balance::least);
    const auto now = Targets::Clock::now();
    three.targets.begun(0);
    three.targets.begun(0);
    three.targets.begun(1);
    CHECK(three.targets.order(now) == Order{2, 1, 0});
    three.targets.ended(0);
    three.targets.ended(0);
    CHECK(three.targets.order(now) == Order{0, 2, 1});
    three.targets.refused(0, now);
    CHECK(three.targets.order(now) == Order{2, 1, 0});
}

TEST_CASE("carriers: small at first, grown on demand, both within the budget") {
    fake::Kernel kernel;
    PipeBudget budget(large + small);
    CarrierPool pool(budget);
    auto one = pool.take();
    auto two = pool.take();
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->capacity() == small);
    pool.grow(*one);
    CHECK(one->capacity() == large);
    CHECK_FALSE(pool.take());
    pool.grow(*two);
    CHECK(two->capacity() == small);
    SECTION("what comes back is the next one's") {
        pool.give_back(std::move(*one));
        const auto again = pool.take();
        REQUIRE(again);
        CHECK(again->capacity() == large);
        CHECK(kernel.calls(fake::Call::make_pipe) == 2);
    }
    SECTION("what its borrower has closed may be made anew") {
        pool.lost(one->capacity());
        one.reset();
        CHECK(pool.take());
        CHECK(kernel.calls(fake::Call::make_pipe) == 3);
    }
}

TEST_CASE("carriers: no pipe where the kernel gives none, or one that is too small") {
    fake::Kernel kernel;
    PipeBudget budget(small);
    CarrierPool pool(budget);
    SECTION("no descriptors are left") { kernel.fails(fake::Call::make_pipe, EMFILE); }
    SECTION("the user's quota is used up") { kernel.fails(fake::Call::pipe_capacity, EPERM); }
    CHECK_FALSE(pool.take());
    CHECK(budget.take(small));  // nothing of it has been kept
}

TEST_CASE("carriers: a pipe that may not grow stays as it is") {
    fake::Kernel kernel;
    PipeBudget budget(large);
    CarrierPool pool(budget);
    auto pipe = pool.take();
    REQUIRE(pipe);
    kernel.fails(fake::Call::set_pipe_capacity, EPERM);
    pool.grow(*pipe);
    CHECK(pipe->capacity() == small);
    CHECK(budget.take(large - small));
}
