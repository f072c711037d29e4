// The bytes of a text that cannot be copied as they are, and copying up to the next of them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace zc {

// Where a formatter reads and writes.
struct TextCursor {
    const std::byte* at;
    const std::byte* end;
    std::byte* out;
};

// A set of bytes that sixteen bytes at a time can be compared with.
struct Marks {
    std::array<char, 3> named{'\n', '\n', '\n'};
    std::int8_t below = -128;  // 32: 0x00-0x1f too and, being negative, 0x80-0xff
    char exempt = 'a';         // not a mark, whatever `below` says

    [[nodiscard]] bool has(std::byte byte) const {
        const char c = static_cast<char>(byte);
        return c == named[0] || c == named[1] || c == named[2] ||
               (static_cast<std::int8_t>(byte) < below && c != exempt);
    }
};

// Copies what is between marks, 64 bytes at a time: most lines are shorter, so
// that the processor guesses right that one block is enough. With blocks of 16
// or 32 bytes it guesses wrong once a line, which costs a fifth of the speed.
//
// Takes  at copy_plain(): room for slack_bytes more than the bytes that count.
class PlainCopier {
public:
    static constexpr std::ptrdiff_t slack_bytes = 64;

#ifdef __SSE2__
    explicit PlainCopier(const Marks& marks)
        : marks_(marks),
          named_{_mm_set1_epi8(marks.named[0]), _mm_set1_epi8(marks.named[1]),
                 _mm_set1_epi8(marks.named[2])},
          below_(_mm_set1_epi8(marks.below)),
          exempt_(_mm_set1_epi8(marks.exempt)) {}
#else
    explicit PlainCopier(const Marks& marks) : marks_(marks) {}
#endif

    // Moves the cursor to the next mark, or to the end.
    void copy_plain(TextCursor& cursor) const {
#ifdef __SSE2__
        while (cursor.end - cursor.at >= block_bytes) {
            const std::uint64_t bits = copy_block(cursor);
            const int plain = std::countr_zero(bits);  // 64 when there is none
            cursor.at += plain;
            cursor.out += plain;
            if (bits != 0) return;
        }
#endif
        while (cursor.at != cursor.end && !marks_.has(*cursor.at)) *cursor.out++ = *cursor.at++;
    }

private:
    Marks marks_;

#ifdef __SSE2__
    static constexpr std::ptrdiff_t block_bytes = slack_bytes;

    // Copies a block, marks and all. Returns a bit for each mark in it.
    static_assert(block_bytes == 64, "one bit of the mask for each byte");
    std::uint64_t copy_block(const TextCursor& cursor) const {
        std::uint64_t bits = 0;
        for (int part = 0; part < block_bytes; part += 16) {
            const __m128i bytes =
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(cursor.at + part));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(cursor.out + part), bytes);
            bits |= std::uint64_t{marks_in(bytes)} << part;
        }
        return bits;
    }

    unsigned marks_in(__m128i bytes) const {
        const __m128i low =
            _mm_andnot_si128(_mm_cmpeq_epi8(bytes, exempt_), _mm_cmplt_epi8(bytes, below_));
        const __m128i named = _mm_or_si128(
            _mm_cmpeq_epi8(bytes, named_[0]),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, named_[1]), _mm_cmpeq_epi8(bytes, named_[2])));
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, named)));
    }

    __m128i named_[3];
    __m128i below_;
    __m128i exempt_;
#endif
};

}  // namespace zc
