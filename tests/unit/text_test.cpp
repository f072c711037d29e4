#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "text/line_format.hpp"

using namespace zc;

namespace {

// cat's letters: n b s E T v.
LineOptions options_of(std::string_view letters) {
    const auto has = [letters](char c) { return letters.find(c) != letters.npos; };
    LineOptions options;
    if (has('n')) options.numbering = Numbering::all;
    if (has('b')) options.numbering = Numbering::nonblank;
    options.squeeze_blank = has('s');
    options.show_ends = has('E');
    options.show_tabs = has('T');
    options.show_nonprinting = has('v');
    return options;
}

class Formatted {
public:
    explicit Formatted(std::string_view letters, Processor processor = Processor::this_one)
        : formatter_(options_of(letters), processor) {}
    void add(std::string_view piece) {
        formatter_.format(std::as_bytes(std::span(piece)), buffer_);
        drain();
    }
    std::string text() {
        formatter_.finish(buffer_);
        drain();
        return text_;
    }

private:
    void drain() {
        for (const std::byte byte : buffer_.unread()) text_ += static_cast<char>(byte);
        buffer_.clear();
    }

    LineFormatter formatter_;
    TextBuffer buffer_;
    std::string text_;
};

std::string formatted(std::string_view letters, std::string_view text) {
    Formatted result(letters);
    result.add(text);
    return result.text();
}

std::string visible(unsigned byte) {
    if (byte >= 128) return "M-" + visible(byte - 128);
    if (byte < 32) return {'^', static_cast<char>(byte + 64)};
    return byte == 127 ? "^?" : std::string(1, static_cast<char>(byte));
}

// The rules once more, a byte at a time with the whole text at hand.
std::string reference(std::string_view letters, std::string_view text) {
    const LineOptions options = options_of(letters);
    std::string result;
    unsigned long lines = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts = i == 0 || text[i - 1] == '\n';
        const bool blank = starts && text[i] == '\n';
        const bool again = blank && i != 0 && (i == 1 || text[i - 2] == '\n');
        if (again && options.squeeze_blank) continue;
        if (starts && (options.numbering == Numbering::all ||
                       (options.numbering == Numbering::nonblank && !blank))) {
            char number[32];
            std::snprintf(number, sizeof number, "%6lu\t", ++lines);
            result += number;
        }
        const char c = text[i];
        const bool before_newline = i + 1 < text.size() && text[i + 1] == '\n';
        if (c == '\n')
            result += options.show_ends ? "$\n" : "\n";
        else if (c == '\t')
            result += options.show_tabs ? "^I" : "\t";
        else if (options.show_nonprinting || (c == '\r' && options.show_ends && before_newline))
            result += visible(static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result;
}

std::string letters_of(unsigned set) {
    std::string letters;
    for (unsigned i = 0; i < 6; ++i)
        if ((set >> i & 1) != 0) letters += "nbsETv"[i];
    return letters;
}

}  // namespace

TEST_CASE("text: GNU's rules") {
    struct Row {
        const char* letters;
        std::string_view text;
        std::string_view expected;
    };
    const Row row = GENERATE(values<Row>({
        {"n", "", ""},
        {"n", "a\n\nb", "     1\ta\n     2\t\n     3\tb"},
        {"b", "a\n\nb\n", "     1\ta\n\n     2\tb\n"},
        {"nb", "\na", "\n     1\ta"},
        {"bE", "\na\n", "$\n     1\ta$\n"},
        {"s", "\n\n\na\n\n\n\nb\n\n", "\na\n\nb\n\n"},
        {"ns", "a\n\n\nb", "     1\ta\n     2\t\n     3\tb"},
        {"E", "a\n\nb", "a$\n$\nb"},
        {"E", "a\r\n\r\n\rb\r\r\n\r", "a^M$\n^M$\n\rb\r^M$\n\r"},
        {"s", "\r\n\r\n", "\r\n\r\n"},
        {"T", "\ta\t\r\x01\n", "^Ia^I\r\x01\n"},
        {"v", "\t\x01\x1b\x7f\x80\x8a\xa0\xe9\xff\r\n", "\t^A^[^?M-^@M-^JM- M-iM-^?^M\n"},
        {"vET", "\t\r\n\r", "^I^M$\n^M"},
    }));
    CAPTURE(row.letters, row.text);
    CHECK(formatted(row.letters, row.text) == row.expected);
    CHECK(reference(row.letters, row.text) == row.expected);
}

TEST_CASE("text: every split of a text gives the same") {
    const std::string_view text = "a\r\n\n\n\r\n\r\tb\x80\n\n\nc\r";
    for (unsigned set = 0; set < 64; ++set) {
        const std::string letters = letters_of(set);
        const std::string expected = reference(letters, text);
        for (std::size_t one = 0; one <= text.size(); ++one)
            for (std::size_t two = one; two <= text.size(); ++two) {
                Formatted result(letters);
                result.add(text.substr(0, one));
                result.add(text.substr(one, two - one));
                result.add(text.substr(two));
                if (result.text() != expected) FAIL(letters << " cut at " << one << ", " << two);
            }
    }
}

TEST_CASE("text: any bytes, any options, as the slow reference") {
    std::mt19937 random(1);
    const auto below = [&random](std::size_t limit) { return std::size_t{random()} % limit; };
    for (unsigned round = 0; round < 64 * 20; ++round) {
        const std::string letters = letters_of(round % 64);
        // One mark in that many bytes; 1: blocks full of them.
        const std::size_t plain = std::array<std::size_t, 3>{1, 4, 150}.at(below(3));
        std::string text;
        for (std::size_t left = below(2000); left != 0; --left) {
            const std::string_view marks = "\n\n\n\n\r\r\t\x7f";
            const std::size_t kind = below(plain);
            if (kind == 0)
                text += static_cast<char>(below(256));
            else
                text += kind == 1 || (plain > 4 && kind < 6) ? marks[below(marks.size())] : 'x';
        }
        Formatted result(letters, below(2) == 0 ? Processor::this_one : Processor::baseline);
        const std::string_view view = text;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t piece = 1 + below(below(2) == 0 ? 5 : 700);
            result.add(view.substr(at, piece));
            at += piece;
        }
        if (result.text() != reference(letters, text)) FAIL(letters << " in round " << round);
    }
}

TEST_CASE("text: numbers go on past six digits") {
    Formatted result("n");
    const std::string lines(1000001, '\n');
    result.add(lines);
    const std::string text = result.text();
    CHECK(text.ends_with("999999\t\n1000000\t\n1000001\t\n"));
    CHECK(text == reference("n", lines));
}

TEST_CASE("text: the worst case fits, and unread text is kept") {
    LineFormatter formatter(options_of("nETv"));
    TextBuffer buffer;
    const std::string text(5000, '\xff');
    for (int i = 0; i < 3; ++i) formatter.format(std::as_bytes(std::span(text)), buffer);
    CHECK(buffer.unread().size() == 7 + std::size_t{3} * 5000 * 4);
    buffer.clear();
    CHECK(buffer.unread().empty());
}
