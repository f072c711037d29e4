// cat's line work on whole blocks.
//
// What it is. Most bytes of a text are copied as they are. The options name the
// few that are not, the marks: newlines, when lines matter, and what is to be
// made visible. One loop serves every combination of options:
// 1. At the start of a line: a blank line is dropped or written; before any
//    other line comes its number.
// 2. Copy up to the next mark, 64 bytes at a time (text/marks.hpp).
// 3. Write what the mark becomes: from a table, but for the newline, and for the
//    CR that show_ends shows only before a newline.
//
// What must stay true. A byte's image is one byte long exactly when it is no
// mark. The state between two calls is the place in the line, the number, and a
// CR whose next byte is not known yet; nothing else looks back or ahead. Room is
// made once for the worst case, so nothing inside the loop checks for it.
#include "text/line_format.hpp"

#include <cstring>

namespace zc {

namespace {

constexpr std::byte newline{'\n'};

void put(TextCursor& cursor, char c) { *cursor.out++ = std::byte(static_cast<unsigned char>(c)); }

void put_shown_cr(TextCursor& cursor) {
    put(cursor, '^');
    put(cursor, 'M');
}

// What one byte may become, with the number before it.
std::size_t growth_of(const LineOptions& options) {
    const std::size_t image = options.show_nonprinting ? 4 : 2;
    return image + (options.numbering == Numbering::none ? 0 : LineNumber::width_most);
}

Marks marks_of(const LineOptions& options) {
    Marks marks;
    if (options.show_nonprinting) {
        marks.named.fill('\x7f');
        marks.below = 32;
        if (!options.show_tabs) marks.exempt = '\t';
        return marks;
    }
    if (options.show_ends) marks.named[1] = '\r';
    if (options.show_tabs) marks.named[2] = '\t';
    return marks;
}

}  // namespace

LineFormatter::LineFormatter(const LineOptions& options)
    : options_(options), marks_(marks_of(options)), growth_(growth_of(options)) {
    for (unsigned byte = 0; byte < images_.size(); ++byte)
        images_[byte] = image_of(static_cast<unsigned char>(byte));
}

LineFormatter::Image LineFormatter::image_of(unsigned char byte) const {
    Image image{};
    const auto add = [&image](int c) { image.text[image.size++] = static_cast<std::byte>(c); };
    const bool held_cr = byte == '\r' && options_.show_ends && !options_.show_nonprinting;
    if (byte == '\n' || held_cr) return image;
    if (!marks_.has(std::byte{byte})) {
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
    if (source.empty()) return;
    constexpr std::size_t slack = LineNumber::room_bytes + PlainCopier::slack_bytes;
    TextCursor cursor{source.data(), source.data() + source.size(),
                      sink.room(source.size() * growth_ + slack)};
    const PlainCopier copier(marks_);
    settle_pending_cr(cursor);
    while (cursor.at != cursor.end) {
        if (place_ != Place::in_line) {
            if (*cursor.at == newline) {
                pass_blank_line(cursor);
                continue;
            }
            if (options_.numbering != Numbering::none) cursor.out = number_.next(cursor.out);
            place_ = Place::in_line;
        }
        copier.copy_plain(cursor);
        if (cursor.at != cursor.end) show_mark(cursor);
    }
    sink.filled_to(cursor.out);
}

void LineFormatter::finish(TextBuffer& sink) {
    if (!pending_cr_) return;
    pending_cr_ = false;
    TextCursor cursor{nullptr, nullptr, sink.room(1)};
    put(cursor, '\r');
    sink.filled_to(cursor.out);
}

void LineFormatter::settle_pending_cr(TextCursor& cursor) {
    if (!pending_cr_) return;
    pending_cr_ = false;
    if (*cursor.at == newline)
        put_shown_cr(cursor);
    else
        put(cursor, '\r');
}

void LineFormatter::end_line(TextCursor& cursor) {
    ++cursor.at;
    if (options_.show_ends) put(cursor, '$');
    put(cursor, '\n');
}

void LineFormatter::pass_blank_line(TextCursor& cursor) {
    if (place_ == Place::after_blank_line && options_.squeeze_blank) {
        ++cursor.at;
        return;
    }
    place_ = Place::after_blank_line;
    if (options_.numbering == Numbering::all) cursor.out = number_.next(cursor.out);
    end_line(cursor);
}

void LineFormatter::show_mark(TextCursor& cursor) {
    if (*cursor.at == newline) {
        end_line(cursor);
        place_ = Place::line_start;
        return;
    }
    const Image* image = &images_[std::to_integer<std::size_t>(*cursor.at)];
    if (image->size == 0) {  // a CR, held until the next byte is known
        pending_cr_ = true;
        if (++cursor.at != cursor.end) settle_pending_cr(cursor);
        return;
    }
    // Marks come in runs (UTF-8, indentation): no search between them.
    do {
        std::memcpy(cursor.out, image->text.data(), image->text.size());
        cursor.out += image->size;
        if (++cursor.at == cursor.end) return;
        image = &images_[std::to_integer<std::size_t>(*cursor.at)];
    } while (image->size > 1);
}

}  // namespace zc
