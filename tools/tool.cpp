#include "tool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <utility>

#include "kernel/io.hpp"
#include "quote.hpp"

namespace zc::tool {
namespace {

// stderr is unbuffered: one call is one write(2), and lines of several programs
// in one pipeline do not mix.
void print_line(const std::string& text) { std::fputs((text + '\n').c_str(), stderr); }

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

bool has_options(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(), [](const std::string& word) {
        return word.size() > 1 && word.front() == '-';
    });
}

// Without options there is nothing to parse, and setting CLI11 up costs as much as
// copying a small file does: 50 of 450 us.
Words all_operands(const std::vector<std::string>& given) {
    Words words;
    for (const auto& word : given) words.push_back({{}, word});
    return words;
}

int run_parsed(Program& program, const std::vector<std::string>& given, const Interface& interface,
               const std::function<int(Program&, const Words&)>& run) {
    OptionTable table(program.name(), interface.arguments, program.name() + " (zc) " ZC_VERSION);
    interface.declare(table);
    const auto line = table.read(given);
    if (!line) return program.misused(line.error());
    return line->answer ? print_text(program, *line->answer) : run(program, line->words);
}

}  // namespace

int status_of(Errc kind) {
    switch (kind) {
        case Errc::unexpected: return unexpected;
        case Errc::out_of_time: return out_of_time;
        default: return failed;
    }
}

void Program::complain(std::string_view thing, std::string_view cause, int status) {
    print_line(fmt::format("{}: {}: {}", name_, thing, cause));
    const std::lock_guard lock(mutex_);
    if (status_ == success) status_ = status;
    told_.push_back(fmt::format("{}: {}", thing, cause));
}

void Program::complain(std::string_view thing, const Error& error) {
    complain(thing, cause(error), status_of(error.kind));
}

int Program::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

std::vector<std::string> Program::told() const {
    const std::lock_guard lock(mutex_);
    return told_;
}

void Program::say(std::string_view text) const { print_line(fmt::format("{}: {}", name_, text)); }

int Program::misused(std::string_view text) {
    say(text);
    print_line(fmt::format("Try '{} --help' for more information.", name_));
    const std::lock_guard lock(mutex_);
    return status_ = failed;
}

void Program::explain(const Endpoint& source, const Endpoint& sink,
                      const TransferReport& report) const {
    std::string text =
        fmt::format("{} ({}) -> {} ({}): {}", one_line(source.label), name_of(source.facts.kind),
                    one_line(sink.label), name_of(sink.facts.kind), name_of(report.method));
    for (std::size_t i = 0; i < report.bytes_by.size(); ++i)
        if (report.bytes_by[i] != 0)
            text += fmt::format(", {} bytes by {}", report.bytes_by[i],
                                name_of(static_cast<Method>(i)));
    for (const Demotion& demotion : report.demotions)
        text += fmt::format("; not {} but {}: {}", name_of(demotion.from), name_of(demotion.to),
                            cause(demotion.reason));
    say(text);
}

void add_common(OptionTable& table, CommonOptions& options) {
    table.flag("--explain", options.explain, "say how each transfer was made, and why");
    table.flag(
        "--no-cache", [&options] { options.policy.cache = Cache::bypass; },
        "leave nothing in the page cache that was not there");
    const auto choose = [&options](const std::string& when) {
        const std::map<std::string, ZeroCopy> names{{"auto", ZeroCopy::automatic},
                                                    {"always", ZeroCopy::always},
                                                    {"never", ZeroCopy::never}};
        const auto found = names.find(when);
        if (found == names.end()) throw BadValue("--zero-copy", "must be auto, always or never");
        options.policy.zero_copy = found->second;
    };
    table.value("--zero-copy=WHEN", choose, "hand out pages of files: auto, always or never");
}

std::optional<std::uint64_t> bytes_of(const std::string& text) {
    constexpr std::string_view units = "kmgt";
    std::uint64_t bytes = 0;
    const char* const end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, bytes);
    if (number.ec != std::errc()) return std::nullopt;
    std::string unit(number.ptr, end);
    for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (unit.empty()) return bytes;
    const auto power = units.find(unit.front());
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib"))
        return std::nullopt;
    const std::uint64_t step = rest == "b" ? 1000 : 1024;
    for (std::size_t i = 0; i <= power; ++i)
        if (__builtin_mul_overflow(bytes, step, &bytes)) return std::nullopt;
    return bytes;
}

void add_size(OptionTable& table, const std::string& name, const std::string& text,
              const std::function<void(std::uint64_t)>& store) {
    const auto take = [name, store](const std::string& given) {
        const auto bytes = bytes_of(given);
        if (!bytes)
            throw BadValue(name,
                           fmt::format("'{}' is no size; 4096, 64K, 10MB and 1GiB are", given));
        store(*bytes);
    };
    table.value(name + "=SIZE", take, text);
}

std::optional<std::chrono::milliseconds> duration_of(const std::string& text) {
    constexpr double century = 100.0 * 366 * 24 * 3600 * 1000;
    static const std::map<std::string, double> units{
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    // Without what strtod(3) takes beside digits. std::from_chars() would do as well, but
    // brings libm into every start of a program.
    const std::string digits = text.substr(0, text.find_first_not_of("-.0123456789"));
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    const auto length = static_cast<std::size_t>(end - digits.c_str());
    const auto unit = units.find(text.substr(length));
    if (length == 0 || unit == units.end()) return std::nullopt;
    const double time = number * unit->second;
    if (!(time >= 0 && time <= century)) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(time));
}

void add_duration(OptionTable& table, const std::string& name, const std::string& text,
                  const std::function<void(std::chrono::milliseconds)>& store) {
    const auto take = [name, store](const std::string& given) {
        const auto time = duration_of(given);
        if (!time)
            throw BadValue(name, fmt::format("'{}' is no time; 10, 0.5s, 500ms and 5m are", given));
        store(*time);
    };
    table.value(name + "=DURATION", take, text);
}

int run_program(std::vector<std::string> words, const Interface& interface,
                const std::function<int(Program&, const Words&)>& run) {
    Program program(words.empty() ? "zc" : basename_of(words.front()));
    if (!words.empty()) words.erase(words.begin());
    try {
        if (!has_options(words)) return run(program, all_operands(words));
        return run_parsed(program, words, interface, run);
    } catch (const BadValue& wrong) {
        // Of an option whose every value counts, seen only now.
        return program.misused(wrong.what());
    } catch (const std::bad_alloc&) {
        program.complain("memory", "exhausted");
    } catch (const std::exception& wrong) {
        program.complain("internal error", wrong.what());
    }
    return failed;
}

}  // namespace zc::tool
