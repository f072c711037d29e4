// The words an address can begin with.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "address/address.hpp"
#include "address/syntax.hpp"

namespace zc {

struct Keyword {
    std::string_view name;    // lower case
    std::string_view params;  // as help shows them: "<host>:<port>"
    std::size_t least_params, most_params;
    Quotes quotes;
    Result<Target> (*build)(const std::vector<std::string>& params);
};

// Every word, those that mean the same next to each other.
[[nodiscard]] std::span<const Keyword> all_keywords();

// Takes    a word in any case.
// Errors   bad_address for an unknown word, unavailable for one that only socat knows.
[[nodiscard]] Result<const Keyword*> find_keyword(std::string_view typed);

// Takes    decimal digits.
[[nodiscard]] Result<int> parse_descriptor(std::string_view digits);

// What an address offers to options.
[[nodiscard]] Groups groups_of(const Target& target);

}  // namespace zc
