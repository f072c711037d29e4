#include "text/line_format.hpp"

#include "text/marks.hpp"

namespace zc {

namespace {

constexpr bool line_work(const LineOptions& o) {
    return o.numbering != Numbering::none || o.squeeze_blank || o.show_ends;
}

// What one byte becomes, at the most.
constexpr std::size_t growth_of(const LineOptions& o) {
    const std::size_t image = o.show_nonprinting ? 4 : 2;
    return image + (o.numbering == Numbering::none ? 0 : LineNumber::width_most);
}

Marks marks_of(const LineOptions& o) {
    Marks marks;
    if (o.show_nonprinting) {
        marks.named = {'\x7f', '\x7f', '\x7f'};
        marks.below = 32;
        if (!o.show_tabs) marks.exempt = '\t';
    } else {
        std::size_t count = 0;
        if (line_work(o)) marks.named[count++] = '\n';
        if (o.show_ends) marks.named[count++] = '\r';
        if (o.show_tabs) marks.named[count++] = '\t';
        for (; count < marks.named.size(); ++count) marks.named[count] = marks.named[0];
    }
    return marks;
}

}  // namespace

LineFormatter::LineFormatter(const LineOptions& options)
    : options_(options), marks_(marks_of(options)), growth_(growth_of(options)) {
    for (unsigned c = 0; c < 256; ++c) {
        Image& image = images_[c];
        if (c == '\n' || (c == '\r' && options.show_ends && !options.show_nonprinting)) {
            image.size = 0;
            continue;
        }
        const auto put = [&](unsigned b) { image.text[image.size++] = std::byte(b); };
        image.size = 0;
        if (!marks_.has(std::byte(c))) { put(c); continue; }
        unsigned low = c;
        if (c >= 128) { put('M'); put('-'); low = c - 128; }
        if (low < 32) { put('^'); put(low + 64); }
        else if (low == 127) { put('^'); put('?'); }
        else put(low);
    }
}

void LineFormatter::format(std::span<const std::byte> source, TextBuffer& sink) {
    if (source.empty()) return;
    TextCursor c{source.data(), source.data() + source.size(),
             sink.room(source.size() * growth_ + 32)};
    if (pending_cr_) {
        pending_cr_ = false;
        if (*c.at == std::byte{'\n'}) { *c.out++ = std::byte{'^'}; *c.out++ = std::byte{'M'}; }
        else *c.out++ = std::byte{'\r'};
    }
    const MarkFinder find(marks_);
    while (c.at != c.end) {
        if (place_ != Place::in_line) {
            if (*c.at == std::byte{'\n'}) {
                ++c.at;
                if (place_ == Place::after_blank_line && options_.squeeze_blank) continue;
                place_ = Place::after_blank_line;
                if (options_.numbering == Numbering::all) c.out = number_.next(c.out);
                if (options_.show_ends) *c.out++ = std::byte{'$'};
                *c.out++ = std::byte{'\n'};
                continue;
            }
            if (options_.numbering != Numbering::none) c.out = number_.next(c.out);
            place_ = Place::in_line;
        }
        // plain
        while (true) {
            if (c.end - c.at >= block_bytes) {
                const __m128i b = load_block(c.at);
                store_block(c.out, b);
                const unsigned bits = find(b);
                if (bits == 0) { c.at += 16; c.out += 16; continue; }
                const int n = std::countr_zero(bits);
                c.at += n; c.out += n;
                break;
            }
            while (c.at != c.end && !marks_.has(*c.at)) *c.out++ = *c.at++;
            break;
        }
        if (c.at == c.end) break;
        if (*c.at == std::byte{'\n'}) {
            ++c.at;
            if (options_.show_ends) *c.out++ = std::byte{'$'};
            *c.out++ = std::byte{'\n'};
            place_ = Place::line_start;
            continue;
        }
        const Image* im = &images_[std::to_integer<unsigned>(*c.at)];
        if (im->size == 0) { // CR
            ++c.at;
            if (c.at == c.end) pending_cr_ = true;
            else if (*c.at == std::byte{'\n'}) { *c.out++ = std::byte{'^'}; *c.out++ = std::byte{'M'}; }
            else *c.out++ = std::byte{'\r'};
            continue;
        }
        do {
            std::memcpy(c.out, im->text.data(), 4);
            c.out += im->size;
            if (++c.at == c.end) break;
            im = &images_[std::to_integer<unsigned>(*c.at)];
        } while (im->size > 1);
    }
    sink.filled_to(c.out);
}

void LineFormatter::finish(TextBuffer& sink) {
    if (!pending_cr_) return;
    pending_cr_ = false;
    std::byte* out = sink.room(1);
    *out++ = std::byte{'\r'};
    sink.filled_to(out);
}

}  // namespace zc
