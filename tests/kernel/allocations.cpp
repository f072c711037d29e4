#include "kernel/allocations.hpp"

#include <cstdlib>
#include <new>

namespace zc::test {

std::atomic<bool> allocations_count = false;
std::atomic<std::size_t> allocations = 0;

}  // namespace zc::test

void* operator new(std::size_t bytes) {
    if (zc::test::allocations_count) ++zc::test::allocations;
    if (void* const memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    if (zc::test::allocations_count) ++zc::test::allocations;
    return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
