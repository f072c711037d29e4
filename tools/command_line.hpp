// The options of a program: what there is, what --help says of it, and where values go.
// CLI11 keeps them and checks their values, in command_line.cpp alone: it takes 15 s to
// compile, and has initialisers that every start of a program would run once for each
// file that includes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "words.hpp"

namespace zc::tool {

// Thrown by whoever takes a value that is none; what() is what the user is told.
struct BadValue : std::runtime_error {
    explicit BadValue(const std::string& text) : std::runtime_error(text) {}
    BadValue(const std::string& option, const std::string& text)
        : std::runtime_error(option + ": " + text) {}
};

// A command line that is right.
struct CommandLine {
    Words words;                        // in their order; the values have been stored
    std::optional<std::string> answer;  // what --help and --version print; nothing else is done
};

// Of the `form` of an option: its names, and what its argument is called if it has one:
// "-a,--append", "-o,--output=FILE", "-t=SECONDS", "--progress[=WHEN]". An option
// without a text is not in --help. Of an option that is given twice the last value
// counts; it is stored when all words have been read.
class OptionTable {
public:
    using Store = std::function<void(const std::string&)>;  // may throw BadValue

    // Takes    `arguments`: what follows the options, "[FILE]..."; `version`: what
    //          --version prints.
    OptionTable(const std::string& program, std::string arguments, std::string version);
    OptionTable(const OptionTable&) = delete;
    OptionTable& operator=(const OptionTable&) = delete;
    ~OptionTable();

    void description(const std::string& text);
    void footer(const std::string& text);
    // The names of --help; "--help" without this.
    void help_names(const std::string& names);

    void flag(const std::string& form, bool& store, const std::string& text = "");
    void flag(const std::string& form, std::function<void()> act, const std::string& text = "");
    // Counts how often it is given.
    void count(const std::string& form, int& store, const std::string& text = "");

    // An argument that is optional and not there is "".
    void value(const std::string& form, const Store& store, const std::string& text = "");
    void value(const std::string& form, std::string& store, const std::string& text = "");
    // May be repeated; whoever needs the values finds them in the Words.
    void repeated(const std::string& form, const std::string& text);
    // 0.5; not less than 0.
    void seconds(const std::string& form, double& store, const std::string& text);
    void seconds(const std::string& form, std::function<void(double)> store,
                 const std::string& text);
    void number(const std::string& form, std::uint64_t& store, const std::string& text);
    struct Range {
        int least;
        int most;
    };
    void number(const std::string& form, unsigned& store, Range range, const std::string& text);

    // Of two options that are there: they may not be given together; the first may not
    // be given without the second.
    void exclude(const std::string& one, const std::string& other);
    void need(const std::string& one, const std::string& other);

    // What --help prints.
    [[nodiscard]] std::string help() const;

    // Reads the words after the program's name, and stores the values.
    //
    // Errors   what is wrong, as GNU programs tell it.
    [[nodiscard]] tl::expected<CommandLine, std::string> read(
        const std::vector<std::string>& given);

private:
    struct Kept;
    std::unique_ptr<Kept> kept_;
};

// What a program's command line may hold.
struct Interface {
    std::string arguments;                      // what follows the options: "[FILE]..."
    std::function<void(OptionTable&)> declare;  // adds the options and the description
};

}  // namespace zc::tool
