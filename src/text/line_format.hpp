// cat's line work: numbers, squeezed blank lines, and bytes made visible.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/line_number.hpp"
#include "text/marks.hpp"
#include "text/text_buffer.hpp"

namespace zc {

enum class Numbering : std::uint8_t {
    none,
    all,      // -n: every line
    nonblank  // -b: every line that is more than its newline
};

// All off: the text stays as it is.
struct LineOptions {
    Numbering numbering = Numbering::none;
    bool squeeze_blank = false;     // -s: of blank lines in a row only the first
    bool show_ends = false;         // -E: `$` before each newline, `^M` for a CR before it
    bool show_tabs = false;         // -T: `^I`
    bool show_nonprinting = false;  // -v: ^X, ^?, M-X; not tab, not newline
};

// Whose instructions may be used: `baseline` is what the compiler was told of.
enum class Processor : std::uint8_t { this_one, baseline };

// Formats a stream of bytes as GNU cat 9.1 does, to the byte.
//
// Order    pieces of the stream in order; where they are cut changes nothing,
//          and a file that ends without a newline shares a line with the next.
//          finish() once, after the last piece of the last file.
class LineFormatter {
public:
    explicit LineFormatter(const LineOptions& options, Processor processor = Processor::this_one);

    // Appends the formatted text to `sink`.
    //
    // Takes    any number of bytes; they are read once and not kept.
    // Owns     nothing of `sink`, whose memory grows to the worst case before
    //          the first byte: 4 bytes for one (-v), 2 without -v, 21 more
    //          with -n or -b. What is not written to is not touched.
    // Errors   std::bad_alloc, with nothing taken.
    void format(std::span<const std::byte> source, TextBuffer& sink);

    // Appends what the end of the stream decides: a CR held back by show_ends,
    // which would have been shown before a newline, is plain after all.
    void finish(TextBuffer& sink);

private:
    // Where the next byte of the stream stands.
    enum class Place : std::uint8_t { line_start, after_blank_line, in_line };

    // What a byte becomes; nothing for a CR that show_ends looks at.
    struct Image {
        std::array<std::byte, 4> text;
        std::uint8_t size;
    };

    [[nodiscard]] Image image_of(unsigned char byte) const;

    // Each writes at `out`, where there is room, and returns the end of it.
    std::byte* format_blocks(std::span<const std::byte> source, std::byte* out);
    std::byte* format_blocks_avx2(std::span<const std::byte> source, std::byte* out);
    std::byte* format_block(const std::byte* block, std::size_t bytes, std::byte* out);
    std::byte* put_plain(const std::byte* from, std::size_t bytes, std::byte* out);
    std::byte* put_byte(std::byte byte, std::byte* out);
    std::byte* put_newline(std::byte* out);
    std::byte* begin_byte(std::byte* out);
    std::byte* settle_cr(std::byte* out, std::string_view shown);

    std::byte* (LineFormatter::*format_blocks_)(std::span<const std::byte>, std::byte*);
    LineOptions options_;
    bool works_on_lines_;
    bool remembers_;  // anything between two bytes: a place in the line, a CR
    Marks marks_;
    std::size_t growth_;
    std::array<Image, 256> images_;
    LineNumber number_;
    Place place_ = Place::line_start;
    bool pending_cr_ = false;
};

}  // namespace zc
