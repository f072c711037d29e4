// cat's line work on whole blocks.
//
// What it is. Most bytes of a text are copied as they are. The options name the
// few that are not, the marks: newlines, where they matter, and what is to be
// made visible. One loop serves every combination of options:
// 1. Find the marks of the next 64 bytes, a bit each (text/marks.hpp).
// 2. For each of them: copy what is before it, then write what it becomes, from
//    a table. Where lines are counted or squeezed, the first byte of a line
//    brings its number.
// 3. Copy what is behind the last one.
//
// Why blocks and not "up to the next mark": where the next search begins would
// depend on what the last one found, and the processor could not work ahead.
// On 1 GiB of source text -A took 0.48 s so, and takes 0.39. A block that is full
// of marks is translated byte by byte: 1 GiB of zeros takes 1.0 s so, 2.6 from mark
// to mark.
//
// What must stay true. A byte that is no mark is its own image. The state between
// two calls is the place in the line, the number, and a CR whose next byte is not
// known yet; nothing else looks back or ahead. Room is made once for the worst
// case, so nothing inside the loop checks for it.
#include "text/line_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

// `flatten` takes what is called into the function, and so into its instructions.
// Whether the processor has them is asked of glibc, which knows: a compiler's own
// question is CPUID once more before main(), 85 us in a virtual machine. The header
// says _Bool, which clang does not know in C++.
#if __has_include(<sys/platform/x86.h>) && !defined(__clang__)
#include <sys/platform/x86.h>
#define ZC_AVX2 [[gnu::target("avx2,bmi"), gnu::flatten]]
#else
#define ZC_AVX2
#endif

namespace zc {

namespace {

bool has_avx2() {
#ifdef CPU_FEATURE_ACTIVE
    return CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(BMI1);
#else
    return false;
#endif
}

constexpr std::byte newline{'\n'};

std::byte* put(std::byte* out, char c) {
    *out = std::byte(static_cast<unsigned char>(c));
    return out + 1;
}

// What one byte may become, with the number before it.
std::size_t growth_of(const LineOptions& options) {
    const std::size_t image = options.show_nonprinting ? 4 : 2;
    return image + (options.numbering == Numbering::none ? 0 : LineNumber::width_most);
}

// Whether a line is more than the bytes in it.
bool works_on_lines(const LineOptions& options) {
    return options.numbering != Numbering::none || options.squeeze_blank;
}

// Four marks in a row: text in another script than Latin, or no text at all.
bool is_dense(std::uint64_t marks) {
    const std::uint64_t pairs = marks & (marks >> 1);
    return (pairs & (pairs >> 2)) != 0;
}

Marks marks_of(const LineOptions& options) {
    Marks marks;
    const bool newlines = works_on_lines(options) || options.show_ends;
    if (options.show_nonprinting) {
        marks.named.fill('\x7f');
        marks.below = 32;
        if (!options.show_tabs) marks.exempt = '\t';
        return marks;
    }
    if (options.show_tabs && !newlines) marks.named.fill('\t');
    if (options.show_ends) marks.named[1] = '\r';
    if (options.show_tabs) marks.named[2] = '\t';
    return marks;
}

}  // namespace

LineFormatter::LineFormatter(const LineOptions& options, Processor processor)
    : format_blocks_(processor == Processor::this_one && has_avx2()
                         ? &LineFormatter::format_blocks_avx2
                         : &LineFormatter::format_blocks),
      options_(options),
      works_on_lines_(works_on_lines(options)),
      remembers_(works_on_lines_ || (options.show_ends && !options.show_nonprinting)),
      marks_(marks_of(options)),
      growth_(growth_of(options)) {
    for (unsigned byte = 0; byte < images_.size(); ++byte)
        images_[byte] = image_of(static_cast<unsigned char>(byte));
}

LineFormatter::Image LineFormatter::image_of(unsigned char byte) const {
    Image image{};
    const auto add = [&image](int c) { image.text[image.size++] = static_cast<std::byte>(c); };
    const bool held_cr = byte == '\r' && options_.show_ends && !options_.show_nonprinting;
    if (held_cr) return image;
    if (byte == '\n' && options_.show_ends) add('$');
    if (byte == '\n' || !marks_.has(std::byte{byte})) {
        add(byte);
        return image;
    }
    if (byte >= 128) {
        add('M');
        add('-');
    }
    const int low = byte % 128;
    if (low < 32 || low == 127) add('^');
    add(low < 32 ? low + 64 : low == 127 ? '?' : low);
    return image;
}

void LineFormatter::format(std::span<const std::byte> source, TextBuffer& sink) {
    // A run is copied as a whole block, whatever its length: behind the text, too.
    std::byte* out =
        sink.room(source.size() * growth_ + LineNumber::room_bytes + Marks::block_bytes);
    sink.filled_to((this->*format_blocks_)(source, out));
}

std::byte* LineFormatter::format_blocks(std::span<const std::byte> source, std::byte* out) {
    constexpr std::size_t block = Marks::block_bytes;
    const std::byte* at = source.data();
    const std::byte* const end = at + source.size();
    for (; end - at >= std::ptrdiff_t{2 * block}; at += block) out = format_block(at, block, out);
    // Nothing behind the source may be read: its last bytes come from a copy.
    std::array<std::byte, 3 * block> tail{};
    std::copy(at, end, tail.begin());
    const auto left = static_cast<std::size_t>(end - at);
    for (std::size_t i = 0; i < left; i += block)
        out = format_block(&tail[i], std::min(block, left - i), out);
    return out;
}

// The same code, compiled for a processor with more: 1.1 times as fast.
ZC_AVX2 std::byte* LineFormatter::format_blocks_avx2(std::span<const std::byte> source,
                                                     std::byte* out) {
    return format_blocks(source, out);
}

void LineFormatter::finish(TextBuffer& sink) {
    std::byte* out = sink.room(2);
    if (pending_cr_) out = settle_cr(out, "\r");
    sink.filled_to(out);
}

std::byte* LineFormatter::format_block(const std::byte* block, std::size_t bytes, std::byte* out) {
    std::uint64_t bits = marks_.in_block(block);
    if (bytes < Marks::block_bytes) bits &= (std::uint64_t{1} << bytes) - 1;
    if (is_dense(bits)) {
        for (std::size_t i = 0; i < bytes; ++i) out = put_byte(block[i], out);
        return out;
    }
    std::size_t at = 0;
    for (; bits != 0; bits &= bits - 1) {
        const auto mark = static_cast<std::size_t>(std::countr_zero(bits));
        out = put_plain(block + at, mark - at, out);
        out = put_byte(block[mark], out);
        at = mark + 1;
    }
    return put_plain(block + at, bytes - at, out);
}

std::byte* LineFormatter::put_plain(const std::byte* from, std::size_t bytes, std::byte* out) {
    // Asked first because it is nearly always so; whether a run is empty is a guess.
    if (remembers_ && (pending_cr_ || (works_on_lines_ && place_ != Place::in_line))) {
        if (bytes == 0) return out;
        out = begin_byte(out);
    }
    std::memcpy(out, from, Marks::block_bytes);
    return out + bytes;
}

std::byte* LineFormatter::put_byte(std::byte byte, std::byte* out) {
    // Which mark comes next is a guess: where nothing is remembered, none is asked for.
    if (remembers_) {
        if (byte == newline) return put_newline(out);
        out = begin_byte(out);
    }
    const Image& image = images_[std::to_integer<std::size_t>(byte)];
    if (remembers_) pending_cr_ = image.size == 0;  // held until the next byte is known
    std::memcpy(out, image.text.data(), image.text.size());
    return out + image.size;
}

// What comes before any byte but a newline.
std::byte* LineFormatter::begin_byte(std::byte* out) {
    if (pending_cr_) out = settle_cr(out, "\r");
    if (!works_on_lines_ || place_ == Place::in_line) return out;
    place_ = Place::in_line;
    return options_.numbering == Numbering::none ? out : number_.next(out);
}

std::byte* LineFormatter::put_newline(std::byte* out) {
    if (pending_cr_) out = settle_cr(out, "^M");
    if (place_ == Place::in_line || !works_on_lines_) {
        place_ = Place::line_start;
    } else {
        if (place_ == Place::after_blank_line && options_.squeeze_blank) return out;
        place_ = Place::after_blank_line;
        if (options_.numbering == Numbering::all) out = number_.next(out);
    }
    if (options_.show_ends) out = put(out, '$');
    return put(out, '\n');
}

std::byte* LineFormatter::settle_cr(std::byte* out, std::string_view shown) {
    pending_cr_ = false;
    for (const char c : shown) out = put(out, c);
    return out;
}

}  // namespace zc
