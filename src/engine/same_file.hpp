// Whether a source would read what its own sink writes.
#pragma once

#include "engine/endpoint.hpp"

namespace zc {

// Returns  true when both are one regular file and the sink's position is ahead
//          of the source's (or the sink appends), so that copying would never
//          end. Pipes, terminals, sockets and empty files never feed themselves,
//          and neither does a file that is rewritten in place.
// Source   cat(1) of GNU coreutils 9.
[[nodiscard]] bool feeds_itself(const Endpoint& source, const Endpoint& sink);

}  // namespace zc
