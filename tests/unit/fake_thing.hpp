// How pieces of a Thing move; for fake_kernel.cpp.
#pragma once

#include "unit/fake_kernel.hpp"

namespace zc::fake {

// A page whose content a truncate took away before it was read.
[[nodiscard]] bool is_lost(const Slot& slot);

[[nodiscard]] bool has_bytes(const Thing& thing);
[[nodiscard]] bool at_end(const Thing& thing);
[[nodiscard]] std::size_t room(const Thing& thing);

// Takes the next piece, at most one page. Order: only while has_bytes().
[[nodiscard]] Slot take_slot(Thing& thing, std::size_t most);

// Order: only while room() is not 0.
void give_slot(Thing& thing, Slot slot);

}  // namespace zc::fake
