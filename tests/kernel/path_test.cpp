// Every path passes the battery, over Linux.
#include "battery.hpp"
#include "catch.hpp"
#include "kernel/real_world.hpp"

using namespace zc;
using namespace zc::test;

namespace {

std::unique_ptr<World> make_real(const Case& which, Mode mode) {
    static const bool bypass = can_bypass_cache(TempDir{});
    if (which.method == Method::uncached && !bypass) {
        WARN("no RWF_DONTCACHE on the file system of the temporary directory");
        return nullptr;
    }
    return std::make_unique<RealWorld>(which, mode);
}

}  // namespace

// Nothing runs beside the mover: a call that sleeps although it may not would
// never end, and the test's time limit says so.
TEST_CASE("path: the battery over Linux, an event loop with descriptors of its own") {
    run_battery(make_real, {Blocking::no, Waiting::by_poll});
}

TEST_CASE("path: the battery over Linux, an event loop with blocking descriptors") {
    run_battery(make_real, {Blocking::yes, Waiting::by_poll});
}

TEST_CASE("path: the battery over Linux, inherited non-blocking descriptors") {
    run_battery(make_real, {Blocking::no, Waiting::in_kernel});
}
