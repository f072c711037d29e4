// The number of a line, kept as the text that is written before the line.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace zc {

// Counts 1, 2, 3, ... in ASCII: to count up is to change the last digit, nine
// times in ten, and nothing is divided. At least six columns wide, then as wide
// as the number: twenty digits are more lines than 64 bits of bytes can have.
class LineNumber {
public:
    static constexpr std::size_t width_most = 21;  // of a number and its tab
    static constexpr std::size_t room_bytes = 24;  // what next() may write

    LineNumber() {
        text_.fill(std::byte{' '});
        text_[last_digit] = std::byte{'0'};
        text_[last_digit + 1] = std::byte{'\t'};
    }

    // Counts up; writes the number and a tab. Returns the place behind them.
    std::byte* next(std::byte* out) {
        count_up();
        std::memcpy(out, text_.data() + first_, room_bytes);
        return out + (last_digit + 2 - first_);
    }

private:
    static constexpr std::size_t last_digit = 19;

    void count_up() {
        std::size_t at = last_digit;
        for (; text_[at] == std::byte{'9'}; --at) text_[at] = std::byte{'0'};
        if (text_[at] == std::byte{' '}) {
            text_[at] = std::byte{'0'};
            first_ = at < first_ ? at : first_;
        }
        text_[at] = std::byte(std::to_integer<unsigned char>(text_[at]) + 1);
    }

    // Long enough for a copy of room_bytes from any first_.
    std::array<std::byte, last_digit + 1 + room_bytes> text_;
    std::size_t first_ = last_digit - 5;
};

}  // namespace zc
