#include "quote.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zc::tool {
namespace {

// The length of the UTF-8 character that starts here; 0 when none does.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf && follows(1)) return 2;
    if (first >= 0xe0 && first <= 0xef && follows(1) && follows(2)) {
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4 && follows(1) && follows(2) && follows(3)) {
        const bool overlong = first == 0xf0 && byte(1) < 0x90;
        const bool beyond = first == 0xf4 && byte(1) >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

// Controls, those of ISO 8859-1 (U+0080 to U+009F) too, and bytes that are no UTF-8.
bool is_printable(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return first >= ' ' && first < 0x7f;
    return first != 0xc2 || static_cast<unsigned char>(character[1]) >= 0xa0;
}

std::string escape(char c) {
    constexpr std::string_view named = "\a\b\t\n\v\f\r";
    const auto at = named.find(c);
    if (at != std::string_view::npos) return {'\\', "abtnvfr"[at]};
    return fmt::format("\\{:03o}", static_cast<unsigned char>(c));
}

bool is_special(std::string_view name, std::size_t i) {
    const char c = name[i];
    if (c == '#' || c == '~') return i == 0;
    if (c == '{' || c == '}') return name.size() == 1;
    return std::string_view(" !\"$&'()*:;<=>?[\\^`|").find(c) != std::string_view::npos;
}

// Whether it reads the same between double quotes, beside the single quotes in it.
bool fits_double_quotes(std::string_view name) {
    constexpr std::string_view plain = " '%+,-./:@]_";
    for (std::size_t i = 0; i < name.size();) {
        const std::size_t bytes = character_bytes(name.substr(i));
        const char c = name[i];
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool fits = bytes == 1 ? alphanumeric || plain.find(c) != std::string_view::npos ||
                                           (i == 0 && (c == '#' || c == '~'))
                                     : bytes != 0 && is_printable(name.substr(i, bytes));
        if (!fits) return false;
        i += bytes;
    }
    return true;
}

}  // namespace

std::string one_line(std::string_view label) {
    const bool breaks = std::any_of(label.begin(), label.end(), [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    });
    return breaks || label.empty() ? shell_quoted(label) : std::string(label);
}

std::string shell_quoted(std::string_view name) {
    bool quotes = name.empty();
    bool escaping = false;
    std::string text;
    for (std::size_t i = 0; i < name.size();) {
        const std::size_t bytes = std::max<std::size_t>(character_bytes(name.substr(i)), 1);
        const std::string_view character = name.substr(i, bytes);
        const bool valid = character_bytes(character) != 0;
        const bool escapes = !valid || !is_printable(character);
        // The first quote of '\'' ends an escape, too.
        if (escapes != escaping && character != "'") text += escapes ? "'$'" : "''";
        escaping = escapes;
        quotes = quotes || escapes || is_special(name, i);
        if (escapes)
            for (const char c : character) text += escape(c);
        else if (character == "'")
            text += "'\\''";
        else
            text += character;
        i += bytes;
    }
    if (!quotes) return std::string(name);
    if (name.find('\'') != std::string_view::npos && fits_double_quotes(name))
        return '"' + std::string(name) + '"';
    return "'" + text + "'";
}

}  // namespace zc::tool
