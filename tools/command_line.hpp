// A command line as GNU programs read it. CLI11 keeps the options and checks their
// values; what getopt_long(3) does otherwise is done here, before it.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <optional>
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

// What a program's command line may hold.
struct Interface {
    std::string arguments;                   // what follows the options: "[FILE]..."
    std::function<void(CLI::App&)> declare;  // adds the options and the description
};

// Reads words by the options of `app`.
//
// Order    options and operands mix, unless POSIXLY_CORRECT is set; `--` ends
//          the options. Long options may be abbreviated where that is
//          unambiguous. What follows --help or --version is not read.
// Returns  the words in their order, option names in full.
// Errors   the text of a GNU program: "invalid option -- 'x'".
[[nodiscard]] tl::expected<Words, std::string> read_words(const CLI::App& app,
                                                          const std::vector<std::string>& given);

// The operands alone; every word, where there are no options.
[[nodiscard]] std::vector<std::string> operands_of(const Words& words);

// The words as CLI11 wants them: without operands, and the last one first.
[[nodiscard]] std::vector<std::string> for_cli11(const Words& words);

// --help in the layout of GNU programs: usage first, one option a line.
class HelpLayout : public CLI::Formatter {
public:
    explicit HelpLayout(std::string arguments) : arguments_(std::move(arguments)) {}
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;

private:
    std::string arguments_;
};

}  // namespace zc::tool
