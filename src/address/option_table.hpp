// The table behind parse_option(): one row for each option zc does, and the
// names of those it does not.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "address/option.hpp"

namespace zc {

struct OptionRule {
    std::string_view name;
    std::array<std::string_view, 3> aliases;
    Groups groups;
    std::string_view type;     // of the value, in socat's words
    std::int64_t least, most;  // of numbers
    Result<OptionValue> (*parse)(const OptionRule&, std::optional<std::string_view>);
};

[[nodiscard]] std::span<const OptionRule> all_rules();

// Takes    a name or alias in lower case.
[[nodiscard]] const OptionRule* find_rule(std::string_view name);

// Whether socat knows the name and zc does not do what it says.
[[nodiscard]] bool is_foreign_option(std::string_view name);

// The netmask with that many leading ones.
[[nodiscard]] std::array<std::uint8_t, 16> mask_of_bits(int bits);

// Host and service names: what may stand there at all; the resolver decides the rest.
[[nodiscard]] bool is_host(std::string_view text);
[[nodiscard]] bool is_service(std::string_view text);

}  // namespace zc
