#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace zc::tool {
namespace {

using Wrong = tl::unexpected<std::string>;

class Reader {
public:
    Reader(std::span<const OptionForm> forms, std::span<const std::string> given)
        : forms_(forms), given_(given) {}

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

    void add(const OptionForm& option, std::optional<std::string> value) {
        ends_here_ = option.ends;
        words_.push_back(
            {option.names.empty() ? "-" + option.letters.front() : "--" + option.names.front(),
             std::move(value)});
    }

    tl::expected<void, std::string> read_long(const std::string& word) {
        const auto equals = word.find('=');
        const auto found = find_long(word, std::string_view(word).substr(2, equals - 2));
        if (!found) return Wrong(found.error());
        const OptionForm& option = **found;
        const std::string name = "--" + option.names.front();
        std::optional<std::string> value;
        if (equals != std::string::npos) value = word.substr(equals + 1);
        if (value && option.argument == Argument::none)
            return Wrong(fmt::format("option '{}' doesn't allow an argument", name));
        if (!value && option.argument == Argument::required) {
            if (next_ == given_.size())
                return Wrong(fmt::format("option '{}' requires an argument", name));
            value = given_[next_++];
        }
        add(option, std::move(value));
        return {};
    }

    // What is wrong is told of the whole word, as getopt_long does.
    tl::expected<const OptionForm*, std::string> find_long(const std::string& word,
                                                           std::string_view wanted) {
        std::vector<const OptionForm*> candidates;
        std::string names;
        for (const OptionForm& option : forms_)
            for (const std::string& name : option.names) {
                if (name == wanted) return &option;
                if (!name.starts_with(wanted)) continue;
                candidates.push_back(&option);
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
            const auto found =
                std::find_if(forms_.begin(), forms_.end(), [&](const OptionForm& option) {
                    return std::ranges::find(option.letters, letter) != option.letters.end();
                });
            if (found == forms_.end()) return Wrong(fmt::format("invalid option -- '{}'", letter));
            if (found->argument == Argument::none) {
                add(*found, std::nullopt);
                continue;
            }
            std::optional<std::string> value;
            if (i + 1 < word.size()) {
                value = word.substr(i + 1);
            } else if (found->argument == Argument::required) {
                if (next_ == given_.size())
                    return Wrong(fmt::format("option requires an argument -- '{}'", letter));
                value = given_[next_++];
            }
            add(*found, std::move(value));
            break;
        }
        return {};
    }

    std::span<const OptionForm> forms_;
    std::span<const std::string> given_;
    std::size_t next_ = 0;
    bool ends_here_ = false;  // --help and --version act at once
    Words words_;
};

}  // namespace

tl::expected<Words, std::string> read_words(std::span<const OptionForm> forms,
                                            std::span<const std::string> given) {
    return Reader(forms, given).read();
}

std::vector<std::string> operands_of(const Words& words) {
    std::vector<std::string> operands;
    for (const Word& word : words)
        if (word.option.empty()) operands.push_back(*word.value);
    return operands;
}

}  // namespace zc::tool
