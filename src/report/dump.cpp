#include "report/dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "report/log.hpp"

namespace zc {
namespace {

bool is_printable(unsigned char c) { return c >= ' ' && c < 0x7f; }

void add_text(std::string& out, unsigned char c) {
    switch (c) {
        case '\a': out += "\\a"; break;
        case '\b': out += "\\b"; break;
        case '\v': out += "\\v"; break;
        case '\f': out += "\\f"; break;
        case '\r': out += "\\r"; break;
        case '\\': out += "\\\\"; break;
        case '\n':
        case '\t': out += static_cast<char>(c); break;
        default: out += is_printable(c) ? static_cast<char>(c) : '.';
    }
}

void add_hex(std::string& out, std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::byte each : bytes)
        out += {' ', digits[std::to_integer<unsigned>(each) / 16],
                digits[std::to_integer<unsigned>(each) % 16]};
}

// Lines of 16 bytes, or up to a newline.
void add_both(std::string& out, std::span<const std::byte> bytes) {
    constexpr std::size_t width = 16;
    while (!bytes.empty()) {
        auto line = bytes.first(std::min(width, bytes.size()));
        const auto newline = std::find(line.begin(), line.end(), std::byte{'\n'});
        if (newline != line.end())
            line = line.first(static_cast<std::size_t>(newline - line.begin()) + 1);
        add_hex(out, line);
        out.append(3 * (width - line.size()) + 2, ' ');
        for (const std::byte each : line) {
            const auto c = static_cast<unsigned char>(each);
            out += is_printable(c) ? static_cast<char>(c) : '.';
        }
        out += '\n';
        bytes = bytes.subspan(line.size());
    }
    out += "--\n";
}

}  // namespace

std::string dump(char direction, std::chrono::system_clock::time_point when, std::uint64_t before,
                 std::span<const std::byte> bytes, DumpForm form) {
    std::string out =
        fmt::format("{} {}  length={} from={} to={}\n", direction, time_stamp(when, Precision::us),
                    bytes.size(), before, before + bytes.size() - 1);
    switch (form) {
        case DumpForm::text:
            for (const std::byte each : bytes) add_text(out, static_cast<unsigned char>(each));
            break;
        case DumpForm::hex:
            add_hex(out, bytes);
            out += '\n';
            break;
        case DumpForm::both: add_both(out, bytes);
    }
    return out;
}

}  // namespace zc
