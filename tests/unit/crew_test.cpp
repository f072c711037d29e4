#include "engine/crew.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

#include "catch.hpp"

using zc::Crew;

TEST_CASE("crew: each piece of work is done once, at every call") {
    const unsigned threads = GENERATE(1U, 2U, 5U);
    Crew crew(threads);
    CHECK(crew.helps() == (threads > 1));
    for (int round = 0; round < 200; ++round)
        for (const std::size_t count : {0U, 1U, 2U, 7U}) {
            std::vector<std::atomic<int>> done(count);
            crew.run(count, [&](std::size_t i) { ++done[i]; });
            for (const auto& times : done) REQUIRE(times == 1);
        }
}

TEST_CASE("crew: two pieces of work are under way at once") {
    Crew crew(2);
    std::atomic<int> begun = 0;
    std::mutex mutex;
    std::set<std::thread::id> who;
    // Neither returns before the other has begun.
    crew.run(2, [&](std::size_t) {
        ++begun;
        while (begun != 2) std::this_thread::yield();
        const std::lock_guard lock(mutex);
        who.insert(std::this_thread::get_id());
    });
    CHECK(who.size() == 2);
}

TEST_CASE("crew: run returns when the last piece is done, whoever does it") {
    Crew crew(2);
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> caller_is_through = false;
    std::atomic<int> begun = 0;
    std::atomic<int> done = 0;
    crew.run(2, [&](std::size_t) {
        ++begun;
        while (begun != 2) std::this_thread::yield();
        if (std::this_thread::get_id() == caller) {
            caller_is_through = true;
        } else {
            while (!caller_is_through) std::this_thread::yield();
            // Time enough for a caller that does not wait to be back.
            for (int turn = 0; turn < 10'000; ++turn) std::this_thread::yield();
        }
        ++done;
    });
    CHECK(done == 2);
}

TEST_CASE("crew: what one throws comes out, when the others have been done") {
    Crew crew(3);
    std::atomic<int> done = 0;
    const auto work = [&](std::size_t i) {
        if (i == 1) throw std::runtime_error("one");
        ++done;
    };
    CHECK_THROWS_WITH(crew.run(6, work), "one");
    CHECK(done == 5);
    CHECK_NOTHROW(crew.run(1, work));
    CHECK(done == 6);
}
