#include "address/syntax.hpp"

#include <algorithm>

namespace zc {
namespace {

constexpr std::string_view special = "\\'\"()[]{},:!";

char closer_of(char opener) {
    switch (opener) {
        case '(': return ')';
        case '[': return ']';
        case '{': return '}';
        default: return '\0';
    }
}

char escaped(char c) {
    constexpr std::string_view letters = "abfnrtv";
    constexpr std::string_view bytes = "\a\b\f\n\r\t\v";
    const auto found = letters.find(c);
    return found == std::string_view::npos ? c : bytes[found];
}

}  // namespace

bool Scanner::take(std::string_view separator) {
    if (!text_.substr(at_).starts_with(separator)) return false;
    at_ += separator.size();
    return true;
}

bool Scanner::at_separator(std::string_view separators) const {
    const char c = text_[at_];
    if (separators.find(c) == std::string_view::npos) return false;
    return c != '!' || text_.substr(at_).starts_with("!!");
}

Result<void> Scanner::take_escape(std::string& out) {
    if (++at_ == text_.size()) return malformed("nothing follows the last \\");
    if (text_[at_] == '0') return malformed("\\0 is not possible here");
    out += escaped(text_[at_++]);
    return {};
}

// Takes what is between two quotes; nothing is special in '', only \ in "".
Result<void> Scanner::take_quoted(std::string& out) {
    const char quote = text_[at_++];
    while (!at_end() && text_[at_] != quote) {
        if (quote == '"' && text_[at_] == '\\') {
            if (auto taken = take_escape(out); !taken) return taken;
        } else {
            out += text_[at_++];
        }
    }
    if (at_end()) return malformed(std::string("quote ") + quote + " is not closed");
    ++at_;
    return {};
}

Result<std::string> Scanner::piece(std::string_view separators, Quotes quotes) {
    std::string out;
    std::string closers;
    const std::size_t start = at_;
    while (!at_end() && !(closers.empty() && at_separator(separators))) {
        const char c = text_[at_];
        if (c == '\\') {
            if (auto taken = take_escape(out); !taken) return failure(taken.error());
        } else if (c == '\'' || c == '"') {
            const std::size_t opened = at_;
            std::string inside;
            if (auto taken = take_quoted(inside); !taken) return failure(taken.error());
            const bool whole = opened == start && (at_end() || at_separator(separators));
            out += quotes == Quotes::drop || whole ? inside : text_.substr(opened, at_ - opened);
        } else {
            if (!closers.empty() && c == closers.back())
                closers.pop_back();
            else if (const char closer = closer_of(c); closer != '\0')
                closers += closer;
            out += c;
            ++at_;
        }
    }
    if (!closers.empty())
        return malformed(std::string("bracket is not closed: ") + closers.back() + " is missing");
    return out;
}

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string shown(std::string_view text) {
    constexpr std::size_t most = 80;
    std::string out(text.substr(0, most));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return text.size() > most ? out + "..." : out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

Result<std::vector<std::string>> split_command(std::string_view command) {
    std::vector<std::string> out;
    Scanner scanner(command);
    for (;;) {
        while (scanner.take(" ")) {
        }
        if (scanner.at_end()) break;
        auto word = scanner.piece(" ", Quotes::drop);
        if (!word) return failure(word.error());
        out.push_back(std::move(*word));
    }
    if (out.empty()) return malformed("command is missing");
    return out;
}

}  // namespace zc
