#include "tee_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace zc::tool {
namespace {

using Mode = std::pair<std::string_view, OutputError>;
constexpr std::array<Mode, 4> modes{{{"warn", OutputError::warn},
                                     {"warn-nopipe", OutputError::warn_nopipe},
                                     {"exit", OutputError::exit},
                                     {"exit-nopipe", OutputError::exit_nopipe}}};

// As GNU's argmatch: a whole name, or the beginning of just one.
OutputError mode_of(const std::string& text) {
    const Mode* found = nullptr;
    std::size_t candidates = 0;
    for (const Mode& mode : modes) {
        if (mode.first == text) return mode.second;
        if (!mode.first.starts_with(text)) continue;
        found = &mode;
        ++candidates;
    }
    if (candidates == 1) return found->second;
    throw BadValue(
        fmt::format("{} argument '{}' for '--output-error'\nValid arguments are:\n  - 'warn'\n"
                    "  - 'warn-nopipe'\n  - 'exit'\n  - 'exit-nopipe'",
                    candidates == 0 ? "invalid" : "ambiguous", text));
}

std::chrono::milliseconds seconds_of(double seconds) {
    constexpr double most = 1e9;
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds, most) * 1000));
}

void declare_pace(OptionTable& table, Pace& pace) {
    const auto choose = [&pace](const std::string& text) {
        const auto slow = slow_of(text);
        if (!slow) throw BadValue("--slow", "must be block, detach or drop");
        pace.slow = *slow;
    };
    table.value("--slow=HOW", choose, "an output that does not keep up: block, detach or drop");
    table.seconds(
        "--slow-after=SECONDS", [&pace](double seconds) { pace.slow_after = seconds_of(seconds); },
        "detach it when it took nothing for so long (5)");
    add_size(table, "--buffer", "memory for each output that is behind the others (0)",
             [&pace](std::uint64_t bytes) { pace.buffer_bytes = bytes; });
}

}  // namespace

OutputError output_error_of(const Words& words) {
    OutputError last = OutputError::sigpipe;
    for (const Word& word : words) {
        if (word.option == "-p") last = OutputError::warn_nopipe;
        if (word.option == "--output-error")
            last = word.value && !word.value->empty() ? mode_of(*word.value)
                                                      : OutputError::warn_nopipe;
    }
    return last;
}

std::optional<Slow> slow_of(const std::string& text) {
    if (text == "block") return Slow::block;
    if (text == "detach") return Slow::detach;
    if (text == "drop") return Slow::drop;
    return std::nullopt;
}

void declare_tee(OptionTable& table, TeeOptions& options) {
    table.description(
        "Copy standard input to each FILE, and to standard output.\n\n"
        "A FILE is always a path, also when it is -; an ADDRESS is what zc-relay takes,\n"
        "see zc-address(7).");
    table.flag("-a,--append", options.append, "append to the FILEs, do not overwrite");
    table.flag("-i,--ignore-interrupts", options.ignore_interrupts, "ignore interrupt signals");
    table.flag(
        "-p", [] {}, "a reader that leaves is no error, others are told");
    table.value(
        "--output-error[=MODE]",
        [](const std::string& mode) {
            if (!mode.empty()) (void)mode_of(mode);
        },
        "what a write error does: warn, warn-nopipe, exit or exit-nopipe");
    table.repeated("--to=ADDRESS", "write to ADDRESS, too");
    table.flag("--no-stdout", options.no_stdout, "do not write to standard output");
    declare_pace(table, options.pace);
    add_files(table, options.result, "replace the FILEs when all is well, or none of them");
    add_expectations(table, options.result);
    table.exclude("--atomic", "--append");
    add_supervision(table, options.supervisor, {.progress = false, .interval = false});
    add_common(table, options.common);
    table.footer(
        "\nExamples:\n"
        "  zc-tee copy.img | zc-relay -u - TCP:backup:4444\n"
        "                           keep what is sent\n"
        "  zc-tee --to 'SYSTEM:sha256sum >sum' copy.img >/dev/null\n"
        "                           its digest, whose failure is told\n");
}

}  // namespace zc::tool
