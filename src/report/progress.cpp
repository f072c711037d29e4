#include "report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "report/human.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t shortest_bar = 8;  // its brackets included
constexpr std::size_t longest_bar = 40;

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string rate_text(std::uint64_t bytes, std::chrono::nanoseconds time) {
    if (time <= 0ns) return "-/s";
    return bytes_text(static_cast<double>(bytes) / seconds(time)) + "/s";
}

// A part of the line; the higher its rank, the sooner it is left out.
struct Part {
    int rank;
    std::string text;
    bool warns = false;
};

double done(const ProgressLook& look) {
    if (*look.size == 0) return 1;
    return std::min(1.0, static_cast<double>(look.bytes) / static_cast<double>(*look.size));
}

std::string eta_text(const ProgressLook& look) {
    if (look.bytes == 0 || look.bytes >= *look.size) return "";
    const double left = static_cast<double>(*look.size - look.bytes) /
                        static_cast<double>(look.bytes) * seconds(look.elapsed);
    constexpr double longest = 1e9;
    const std::chrono::duration<double> half_more(std::min(left, longest) + 0.5);
    return "ETA " + clock_text(std::chrono::floor<std::chrono::seconds>(half_more));
}

std::vector<Part> parts_of(const ProgressLook& look) {
    std::vector<Part> parts;
    const auto add = [&parts](int rank, std::string text, bool warns = false) {
        if (!text.empty()) parts.push_back({rank, std::move(text), warns});
    };
    add(4, look.name.empty() ? "" : look.name + ":");
    add(0, bytes_text(static_cast<double>(look.bytes)));
    add(3, clock_text(look.elapsed));
    if (look.still >= 2s)
        add(1,
            fmt::format("stalled {} s",
                        std::chrono::floor<std::chrono::seconds>(look.still).count()),
            true);
    else
        add(1, rate_text(look.bytes - look.bytes_before, look.interval));
    add(6, "avg " + rate_text(look.bytes, look.elapsed));
    for (const std::string& other : look.others) add(5, other);
    if (!look.size) return parts;
    add(2, fmt::format("{:3.0f} %", 100 * done(look)));
    add(3, eta_text(look));
    return parts;
}

std::size_t length_of(const std::vector<Part>& parts) {
    std::size_t length = parts.empty() ? 0 : 2 * (parts.size() - 1);
    for (const Part& part : parts) length += part.text.size();
    return length;
}

std::string bar_text(double fraction, std::size_t length) {
    const std::size_t inner = length - 2;
    const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(inner));
    std::string bar = "[" + std::string(filled, '=');
    if (filled < inner) bar += '>' + std::string(inner - filled - 1, ' ');
    return bar + "]";
}

}  // namespace

std::string progress_line(const ProgressLook& look, std::size_t columns, Colour colour) {
    std::vector<Part> parts = parts_of(look);
    while (columns != 0 && parts.size() > 1 && length_of(parts) > columns)
        parts.erase(std::max_element(parts.begin(), parts.end(),
                                     [](const Part& a, const Part& b) { return a.rank < b.rank; }));
    // A number that is cut says nothing; a line that is too long breaks the terminal.
    if (columns != 0 && length_of(parts) > columns) return "";
    const std::size_t used = length_of(parts) + 2;
    const std::size_t room = columns == 0 ? longest_bar : columns > used ? columns - used : 0;
    if (look.size && room >= shortest_bar) {
        const auto percent = std::find_if(parts.begin(), parts.end(),
                                          [](const Part& part) { return part.rank == 2; });
        parts.insert(percent, {2, bar_text(done(look), std::min(room, longest_bar))});
    }
    std::string line;
    for (const Part& part : parts) {
        if (!line.empty()) line += "  ";
        const bool red = part.warns && colour == Colour::yes;
        line += red ? "\033[31m" + part.text + "\033[0m" : part.text;
    }
    return line;
}

}  // namespace zc
