// What the sessions of one event loop have in common.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "relay/carriers.hpp"
#include "relay/session_options.hpp"

namespace zc {

struct Resources {
    Resources(SessionOptions of_sessions, PipeBudget& budget, std::size_t buffer_bytes)
        : options(std::move(of_sessions)), buffer(buffer_bytes), carriers(budget) {}

    SessionOptions options;
    std::vector<std::byte> buffer;  // holds bytes only within one turn
    CarrierPool carriers;
};

}  // namespace zc
