#include "command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace zc::tool {
namespace {

using Wrong = tl::unexpected<std::string>;

enum class Argument : std::uint8_t { none, optional, required };

Argument argument_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return Argument::none;
    return option.get_items_expected_min() == 0 ? Argument::optional : Argument::required;
}

class Reader {
public:
    Reader(const CLI::App& app, const std::vector<std::string>& given)
        : app_(app), options_(app.get_options()), given_(given) {}

    tl::expected<Words, std::string> read() {
        const bool options_first = std::getenv("POSIXLY_CORRECT") != nullptr;
        while (next_ < given_.size() && !ends_here_) {
            const std::string& word = given_[next_++];
            if (word == "--") break;
            const bool is_option = word.size() > 1 && word.front() == '-';
            if (!is_option) {
                add_operand(word);
                if (options_first) break;
                continue;
            }
            auto read = word.starts_with("--") ? read_long(word) : read_cluster(word);
            if (!read) return Wrong(read.error());
        }
        while (next_ < given_.size() && !ends_here_) add_operand(given_[next_++]);
        return std::move(words_);
    }

private:
    void add_operand(const std::string& word) { words_.push_back({{}, word}); }

    void add(const CLI::Option& option, std::optional<std::string> value) {
        ends_here_ = &option == app_.get_help_ptr() || &option == app_.get_version_ptr();
        const auto& longs = option.get_lnames();
        words_.push_back({longs.empty() ? "-" + option.get_snames().front() : "--" + longs.front(),
                          std::move(value)});
    }

    tl::expected<void, std::string> read_long(const std::string& word) {
        const auto equals = word.find('=');
        const auto found = find_long(word, std::string_view(word).substr(2, equals - 2));
        if (!found) return Wrong(found.error());
        const CLI::Option& option = **found;
        const std::string name = "--" + option.get_lnames().front();
        std::optional<std::string> value;
        if (equals != std::string::npos) value = word.substr(equals + 1);
        const Argument takes = argument_of(option);
        if (value && takes == Argument::none)
            return Wrong(fmt::format("option '{}' doesn't allow an argument", name));
        if (!value && takes == Argument::required) {
            if (next_ == given_.size())
                return Wrong(fmt::format("option '{}' requires an argument", name));
            value = given_[next_++];
        }
        add(option, std::move(value));
        return {};
    }

    // What is wrong is told of the whole word, as getopt_long does.
    tl::expected<const CLI::Option*, std::string> find_long(const std::string& word,
                                                            std::string_view wanted) {
        std::vector<const CLI::Option*> candidates;
        std::string names;
        for (const CLI::Option* option : options_)
            for (const std::string& name : option->get_lnames()) {
                if (name == wanted) return option;
                if (!name.starts_with(wanted)) continue;
                candidates.push_back(option);
                names += fmt::format(" '--{}'", name);
            }
        if (candidates.empty()) return Wrong(fmt::format("unrecognized option '{}'", word));
        if (candidates.size() > 1)
            return Wrong(fmt::format("option '{}' is ambiguous; possibilities:{}", word, names));
        return candidates.front();
    }

    // "-nA", "-ofile", "-o file"
    tl::expected<void, std::string> read_cluster(const std::string& word) {
        for (std::size_t i = 1; i < word.size() && !ends_here_; ++i) {
            const std::string letter(1, word[i]);
            const auto found = std::find_if(
                options_.begin(), options_.end(),
                [&](const CLI::Option* option) { return option->check_sname(letter); });
            if (found == options_.end())
                return Wrong(fmt::format("invalid option -- '{}'", letter));
            if (argument_of(**found) == Argument::none) {
                add(**found, std::nullopt);
                continue;
            }
            std::optional<std::string> value;
            if (i + 1 < word.size()) {
                value = word.substr(i + 1);
            } else if (argument_of(**found) == Argument::required) {
                if (next_ == given_.size())
                    return Wrong(fmt::format("option requires an argument -- '{}'", letter));
                value = given_[next_++];
            }
            add(**found, std::move(value));
            break;
        }
        return {};
    }

    const CLI::App& app_;
    std::vector<const CLI::Option*> options_;
    const std::vector<std::string>& given_;
    std::size_t next_ = 0;
    bool ends_here_ = false;  // --help and --version act at once
    Words words_;
};

// "-o, --output=FILE", "    --help", "-t SECONDS"
std::string spelling(const CLI::Option& option) {
    const auto& shorts = option.get_snames();
    const auto& longs = option.get_lnames();
    std::string text = shorts.empty() ? "    " : "-" + shorts.front();
    if (!longs.empty()) text += (shorts.empty() ? "--" : ", --") + longs.front();
    if (argument_of(option) == Argument::none) return text;
    // CLI11 appends what its checks say: "SECONDS:NONNEGATIVE".
    const std::string type = option.get_type_name();
    const std::string value = type.substr(0, type.find(':'));
    if (argument_of(option) == Argument::optional) return text + "[=" + value + "]";
    return text + (longs.empty() ? " " : "=") + value;
}

}  // namespace

tl::expected<Words, std::string> read_words(const CLI::App& app,
                                            const std::vector<std::string>& given) {
    return Reader(app, given).read();
}

std::vector<std::string> operands_of(const Words& words) {
    std::vector<std::string> operands;
    for (const Word& word : words)
        if (word.option.empty()) operands.push_back(*word.value);
    return operands;
}

std::vector<std::string> for_cli11(const Words& words) {
    std::vector<std::string> all;
    for (const Word& word : words) {
        if (word.option.empty()) continue;
        all.push_back(word.option);
        if (word.value) all.push_back(*word.value);
    }
    std::reverse(all.begin(), all.end());
    return all;
}

std::string HelpLayout::make_help(const CLI::App* app, std::string name,
                                  CLI::AppFormatMode /*mode*/) const {
    constexpr std::size_t column = 29;
    std::string text =
        fmt::format("Usage: {} [OPTION]... {}\n{}\n\n", name, arguments_, app->get_description());
    for (const CLI::Option* option : app->get_options()) {
        if (option->get_group().empty()) continue;
        const std::string left = "  " + spelling(*option);
        const bool fits = left.size() + 2 <= column;
        text +=
            fits ? fmt::format("{:{}}", left, column) : fmt::format("{}\n{:{}}", left, "", column);
        text += option->get_description() + '\n';
    }
    return text + app->get_footer();
}

}  // namespace zc::tool
