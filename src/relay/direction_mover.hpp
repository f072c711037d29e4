// What a direction has while it has bulk to move; direction*.cpp alone include it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include "engine/fanout.hpp"
#include "engine/workspace.hpp"
#include "relay/direction.hpp"

namespace zc {

struct Direction::Mover {
    Mover(Endpoint from, Endpoint to) : source(std::move(from)), sink(std::move(to)) {}

    Endpoint source;
    Endpoint sink;
    Workspace space;
    std::variant<std::monostate, Transfer, Fanout> how;
    std::size_t lent_bytes = 0;      // of the pool's carrier, 0 without
    std::size_t reserved_bytes = 0;  // of pipes that are its own
    bool found_no_carrier = false;   // copies, until there is one
    bool guards_pages = false;       // of a file, so must not be interrupted
    std::uint64_t blocks = 0;

    [[nodiscard]] Transfer* transfer() { return std::get_if<Transfer>(&how); }
    [[nodiscard]] Fanout& fanout() { return std::get<Fanout>(how); }
};

}  // namespace zc
