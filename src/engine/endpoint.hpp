// One end of a transfer: a borrowed descriptor, what is behind it, and its name.
#pragma once

#include <string>

#include "kernel/fd.hpp"

namespace zc {

// Owns    nothing: the descriptor outlives the Endpoint.
struct Endpoint {
    FdView fd;
    FdFacts facts;
    std::string label;  // how messages call it: "logs/a.txt", "TCP:127.0.0.1:80"
};

// Looks at a descriptor once.
//
// Errors  EBADF when it is closed, with `label` as its subject.
[[nodiscard]] inline Result<Endpoint> look_at(FdView fd, std::string label) {
    auto facts = classify(fd);
    if (!facts) return failure(facts.error().about(std::move(label)));
    return Endpoint{fd, *facts, std::move(label)};
}

}  // namespace zc
