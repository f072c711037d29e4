// Every path passes the battery, over the fake kernel; and what only it can show.
#include "battery.hpp"
#include "catch.hpp"
#include "unit/fake_world.hpp"

using namespace zc;
using namespace zc::test;

namespace {

std::unique_ptr<World> make_fake(const Case& which, Mode mode) {
    return std::make_unique<FakeWorld>(which, mode);
}

}  // namespace

TEST_CASE("path: the battery, descriptors may sleep in the kernel") {
    run_battery(make_fake, {Blocking::yes, Waiting::in_kernel});
}

TEST_CASE("path: the battery, inherited non-blocking descriptors") {
    run_battery(make_fake, {Blocking::no, Waiting::in_kernel});
}

TEST_CASE("path: the battery, an event loop with descriptors of its own") {
    run_battery(make_fake, {Blocking::no, Waiting::by_poll});
}

TEST_CASE("path: the battery, an event loop with blocking descriptors") {
    run_battery(make_fake, {Blocking::yes, Waiting::by_poll});
}
