// How often `operator new` has been called by a test's program.
#pragma once

#include <atomic>
#include <cstddef>

namespace zc::test {

extern std::atomic<bool> allocations_count;  // only while this is set
extern std::atomic<std::size_t> allocations;

}  // namespace zc::test
