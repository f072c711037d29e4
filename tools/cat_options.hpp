// What zc-cat's command line says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "address/address.hpp"
#include "result.hpp"
#include "supervisor.hpp"
#include "text/line_format.hpp"

namespace zc::tool {

struct CatOptions {
    CommonOptions common;
    SupervisorOptions supervisor;
    ResultOptions result;
    LineOptions lines;
    std::optional<std::string> output;
    std::optional<std::string> sink_address;
    bool append = false;
    bool sparse = false;
    std::uint64_t skip_bytes = 0;
    std::optional<std::uint64_t> count_bytes;
};

void declare_cat(OptionTable& table, CatOptions& options);

// One input: a path, or what follows --from.
struct CatInput {
    std::string text;
    std::optional<Address> address;
};

}  // namespace zc::tool
