// Leaves bytes of a source out.
#pragma once

#include <cstdint>

#include "engine/endpoint.hpp"
#include "engine/workspace.hpp"

namespace zc {

// Moves on in the source: by a seek as far as it has a size, else by reading.
//
// Takes    how many bytes to leave out; `space` with nothing held in it.
// Returns  how many were left out; fewer only when the source ended.
// Errors   the source's, with its label as subject.
// Blocks   until the bytes have come, where they have to be read.
[[nodiscard]] Result<std::uint64_t> skip_bytes(const Endpoint& source, Workspace& space,
                                               std::uint64_t bytes);

}  // namespace zc
