// The types of option values, one overload each; shared by the table and nobody else.
#pragma once

#include <optional>
#include <string_view>

#include "address/option_table.hpp"

namespace zc {

// Takes    the option's row, the text after `=` if there was one, and any value
//          of the type wanted.
// Errors   bad_address: what is wrong with the text, and what it should be.
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                Given);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                bool);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                std::int64_t);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                std::chrono::milliseconds);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                const std::string&);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                Mode);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                const IpRange&);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                const BindTo&);
Result<OptionValue> parse_value(const OptionRule& rule, std::optional<std::string_view> value,
                                Family);

}  // namespace zc
