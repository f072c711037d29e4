#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <utility>

namespace zc::tool {
namespace {

// "-o,--output=FILE"
struct Form {
    explicit Form(const std::string& form) {
        const auto at = std::min(form.find_first_of("[="), form.size());
        names = form.substr(0, at);
        is_optional = at < form.size() && form[at] == '[';
        if (at == form.size()) return;
        metavariable = form.substr(form.find('=', at) + 1);
        if (is_optional) metavariable.pop_back();
    }
    std::string names;
    std::string metavariable;
    bool is_optional = false;
};

// What all options have in common.
CLI::Option* dress(CLI::Option* option, const std::string& text) {
    if (text.empty()) option->group("");
    return option;
}

CLI::Option* dress(CLI::Option* option, const Form& form, const std::string& text) {
    if (!form.metavariable.empty()) option->type_name(form.metavariable);
    if (form.is_optional) option->expected(0, 1);
    return dress(option, text);
}

Argument argument_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return Argument::none;
    return option.get_items_expected_min() == 0 ? Argument::optional : Argument::required;
}

std::vector<OptionForm> forms_of(const CLI::App& app) {
    std::vector<OptionForm> forms;
    for (const CLI::Option* option : app.get_options())
        forms.push_back({option->get_snames(), option->get_lnames(), argument_of(*option),
                         option == app.get_help_ptr() || option == app.get_version_ptr()});
    return forms;
}

// The words as CLI11 wants them: without operands, and the last one first.
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

struct OptionTable::Kept {
    CLI::App app;
    std::string arguments;
    std::string version;
};

OptionTable::OptionTable(const std::string& program, std::string arguments, std::string version)
    : kept_(std::make_unique<Kept>()) {
    CLI::App& app = kept_->app;
    kept_->arguments = std::move(arguments);
    kept_->version = std::move(version);
    app.name(program);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.set_help_flag();
}

OptionTable::~OptionTable() = default;

void OptionTable::description(const std::string& text) { kept_->app.description(text); }

void OptionTable::footer(const std::string& text) { kept_->app.footer(text); }

void OptionTable::help_names(const std::string& names) {
    kept_->app.set_help_flag(names, "print this help and exit");
}

void OptionTable::flag(const std::string& form, bool& store, const std::string& text) {
    dress(kept_->app.add_flag(form, store, text), text);
}

void OptionTable::flag(const std::string& form, std::function<void()> act,
                       const std::string& text) {
    dress(kept_->app.add_flag_callback(form, std::move(act), text), text);
}

void OptionTable::count(const std::string& form, int& store, const std::string& text) {
    dress(kept_->app.add_flag(form, store, text), text);
}

void OptionTable::value(const std::string& form, const Store& store, const std::string& text) {
    const Form read(form);
    dress(kept_->app.add_option_function<std::string>(read.names, store, text), read, text);
}

void OptionTable::value(const std::string& form, std::string& store, const std::string& text) {
    const Form read(form);
    dress(kept_->app.add_option(read.names, store, text), read, text);
}

void OptionTable::repeated(const std::string& form, const std::string& text) {
    const Form read(form);
    const auto take = [](const CLI::results_t&) { return true; };
    dress(kept_->app.add_option(read.names, take, text), read, text)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionTable::seconds(const std::string& form, double& store, const std::string& text) {
    seconds(
        form, [&store](double given) { store = given; }, text);
}

void OptionTable::seconds(const std::string& form, std::function<void(double)> store,
                          const std::string& text) {
    const Form read(form);
    const auto take = [store = std::move(store)](const double& seconds) { store(seconds); };
    dress(kept_->app.add_option_function<double>(read.names, take, text), read, text)
        ->check(CLI::NonNegativeNumber);
}

void OptionTable::number(const std::string& form, std::uint64_t& store, const std::string& text) {
    const Form read(form);
    dress(kept_->app.add_option(read.names, store, text), read, text);
}

void OptionTable::number(const std::string& form, unsigned& store, Range range,
                         const std::string& text) {
    const Form read(form);
    dress(kept_->app.add_option(read.names, store, text), read, text)
        ->check(CLI::Range(range.least, range.most));
}

void OptionTable::exclude(const std::string& one, const std::string& other) {
    kept_->app.get_option(one)->excludes(kept_->app.get_option(other));
}

void OptionTable::need(const std::string& one, const std::string& other) {
    kept_->app.get_option(one)->needs(kept_->app.get_option(other));
}

// In the layout of GNU programs: usage first, one option a line.
std::string OptionTable::help() const {
    constexpr std::size_t column = 29;
    const CLI::App& app = kept_->app;
    std::string text = fmt::format("Usage: {} [OPTION]... {}\n{}\n\n", app.get_name(),
                                   kept_->arguments, app.get_description());
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        const std::string left = "  " + spelling(*option);
        const bool fits = left.size() + 2 <= column;
        text +=
            fits ? fmt::format("{:{}}", left, column) : fmt::format("{}\n{:{}}", left, "", column);
        text += option->get_description() + '\n';
    }
    return text + app.get_footer();
}

tl::expected<CommandLine, std::string> OptionTable::read(const std::vector<std::string>& given) {
    CLI::App& app = kept_->app;
    if (app.get_help_ptr() == nullptr) help_names("--help");
    app.set_version_flag("--version", kept_->version, "print the version and exit");
    auto words = read_words(forms_of(app), given);
    if (!words) return tl::unexpected(words.error());
    try {
        app.parse(for_cli11(*words));
    } catch (const CLI::CallForHelp&) {
        return CommandLine{{}, help()};
    } catch (const CLI::CallForVersion&) {
        return CommandLine{{}, kept_->version + '\n'};
    } catch (const CLI::ParseError& wrong) {
        return tl::unexpected<std::string>(wrong.what());
    } catch (const BadValue& wrong) {
        return tl::unexpected<std::string>(wrong.what());
    }
    return CommandLine{std::move(*words), std::nullopt};
}

}  // namespace zc::tool
