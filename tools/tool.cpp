#include "tool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <new>
#include <utility>

#include "kernel/file.hpp"

namespace zc::tool {
namespace {

// stderr is unbuffered: one call is one write(2), and lines of several programs
// in one pipeline do not mix.
void print_line(const std::string& text) { std::fputs((text + '\n').c_str(), stderr); }

bool needs_quotes(std::string_view name) {
    if (name.empty()) return true;
    constexpr std::string_view special = " \t\n!\"#$&'()*;<=>?[\\]^`{|}~";
    if (name.front() == '#' || name.front() == '~') return true;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool only_special_in_front = c == '#' || c == '~';
        if (byte < ' ' || byte == 0x7f) return true;
        if (!only_special_in_front && special.find(c) != std::string_view::npos) return true;
    }
    return false;
}

std::string escaped(char c) {
    switch (c) {
        case '\n': return "'$'\\n''";
        case '\t': return "'$'\\t''";
        case '\r': return "'$'\\r''";
        default: return fmt::format("'$'\\{:03o}''", static_cast<unsigned char>(c));
    }
}

std::string basename_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

// --help and --version write to standard output, which may be full.
int print_text(Program& program, const std::string& text) {
    const auto written = write_all(FdView(1), text);
    if (!written) program.complain("write error", cause(written.error()));
    return program.status();
}

// CLI11 takes the words without the program's name, the last one first.
int run_parsed(std::vector<std::string> words, CLI::App& app, Program& program,
               const std::function<int(Program&)>& run) {
    try {
        std::reverse(words.begin(), words.end());
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        return print_text(program, app.help());
    } catch (const CLI::CallForVersion& version) {
        return print_text(program, std::string(version.what()) + '\n');
    } catch (const CLI::ParseError& wrong) {
        program.say(wrong.what());
        print_line(fmt::format("Try '{} --help' for more information.", program.name()));
        return failed;
    }
    return run(program);
}

}  // namespace

std::string shell_quoted(std::string_view name) {
    if (!needs_quotes(name)) return std::string(name);
    std::string text = "'";
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'')
            text += "'\\''";
        else if (byte < ' ' || byte == 0x7f)
            text += escaped(c);
        else
            text += c;
    }
    return text + "'";
}

void Program::complain(std::string_view thing, std::string_view cause) {
    print_line(fmt::format("{}: {}: {}", name_, thing, cause));
    status_ = failed;
}

void Program::say(std::string_view text) const { print_line(fmt::format("{}: {}", name_, text)); }

void Program::explain(const Endpoint& source, const Endpoint& sink,
                      const TransferReport& report) const {
    std::string text = fmt::format("{} ({}) -> {} ({}): {}", shell_quoted(source.label),
                                   name_of(source.facts.kind), shell_quoted(sink.label),
                                   name_of(sink.facts.kind), name_of(report.method));
    for (std::size_t i = 0; i < report.bytes_by.size(); ++i)
        if (report.bytes_by[i] != 0)
            text += fmt::format(", {} bytes by {}", report.bytes_by[i],
                                name_of(static_cast<Method>(i)));
    for (const Demotion& demotion : report.demotions)
        text += fmt::format("; {} instead of {}: {}", name_of(demotion.to), name_of(demotion.from),
                            cause(demotion.reason));
    say(text);
}

void add_common(CLI::App& app, CommonOptions& options) {
    app.add_flag("--explain", options.explain,
                 "say on standard error how each transfer was made, and why");
    const auto choose = [&options](const std::string& when) {
        const std::map<std::string, ZeroCopy> names{{"auto", ZeroCopy::automatic},
                                                    {"always", ZeroCopy::always},
                                                    {"never", ZeroCopy::never}};
        const auto found = names.find(when);
        if (found == names.end())
            throw CLI::ValidationError("--zero-copy", "must be auto, always or never");
        options.policy.zero_copy = found->second;
    };
    app.add_option_function<std::string>("--zero-copy", choose,
                                         "hand out pages of files: auto (where nobody can change "
                                         "them before they are read), always, never")
        ->type_name("WHEN");
}

int run_program(std::vector<std::string> words, const std::function<void(CLI::App&)>& declare,
                const std::function<int(Program&)>& run) {
    Program program(words.empty() ? "zc" : basename_of(words.front()));
    if (!words.empty()) words.erase(words.begin());
    try {
        CLI::App app;
        app.name(program.name());
        app.set_version_flag("--version", program.name() + " (zc) " ZC_VERSION);
        declare(app);
        return run_parsed(std::move(words), app, program, run);
    } catch (const std::bad_alloc&) {
        program.complain("memory", "exhausted");
    } catch (const std::exception& wrong) {
        program.complain("internal error", wrong.what());
    }
    return failed;
}

}  // namespace zc::tool
