// The ways of a session and their ends; session*.cpp alone include it.
#pragma once

#include <array>
#include <cstddef>

#include "relay/session_work.hpp"

namespace zc {

constexpr std::size_t index_of(Place place) { return place == Place::left ? 0 : 1; }
constexpr Place source_of(Ways way) { return way == Ways::to_right ? Place::left : Place::right; }
constexpr Place sink_of(Ways way) { return way == Ways::to_right ? Place::right : Place::left; }
inline constexpr std::array both_ways{Ways::to_right, Ways::to_left};
constexpr Ways opposite(Ways way) { return way == Ways::to_right ? Ways::to_left : Ways::to_right; }

}  // namespace zc
