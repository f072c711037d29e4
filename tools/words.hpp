// The words of a command line, as getopt_long(3) reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace zc::tool {

// An operand, or an option with its argument.
struct Word {
    std::string option;  // its whole name, "--skip" or "-e"; empty for an operand
    std::optional<std::string> value;
};
using Words = std::vector<Word>;

// The operands alone.
[[nodiscard]] std::vector<std::string> operands_of(const Words& words);

enum class Argument : std::uint8_t { none, optional, required };

// What is to be known of an option in order to read it.
//
// Owns    nothing: the names belong to whoever keeps the options.
struct OptionForm {
    std::span<const std::string> letters;  // "e"
    std::span<const std::string> names;    // "skip"
    Argument argument = Argument::none;
    bool ends = false;  // what follows it is not read, as with --help
};

// Reads words by the forms of the options.
//
// Order    options and operands mix, unless POSIXLY_CORRECT is set; `--` ends
//          the options. Long options may be abbreviated where that is
//          unambiguous.
// Returns  the words in their order, option names in full.
// Errors   the text of a GNU program: "invalid option -- 'x'".
[[nodiscard]] tl::expected<Words, std::string> read_words(std::span<const OptionForm> forms,
                                                          std::span<const std::string> given);

}  // namespace zc::tool
