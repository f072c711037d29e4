// A transfer whose bytes are changed on their way: cat's line modes.
#pragma once

#include <functional>

#include "engine/transfer.hpp"

namespace zc {

// Takes bytes of the source and returns what the sink is to get for them; it stays
// valid until the next call.
using Filter = std::function<std::span<const std::byte>(std::span<const std::byte> taken)>;

// Reads, filters and writes until the source's end, the limit, or a failure.
//
// Order    what was read is filtered and written before more is read.
// Returns  as run_transfer(): `bytes` are delivered ones, `taken` those read.
// Blocks   until then.
TransferReport run_filtered(const Endpoint& source, const Endpoint& sink, Workspace& space,
                            const TransferOptions& options, const Filter& filter);

}  // namespace zc
