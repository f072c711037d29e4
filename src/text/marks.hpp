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

// What copying a block of bytes writes beyond the last byte that counts.
inline constexpr std::size_t copy_slack_bytes = 16;

// A set of bytes that one comparison of each of its five fields describes.
struct Marks {
    std::array<char, 3> named{'\n', '\n', '\n'};
    char exempt = 'a';          // not a mark, whatever `below` says
    std::int8_t below = -128;   // 32: also 0x00-0x1f and, being negative, 0x80-0xff

    [[nodiscard]] bool has(std::byte byte) const {
        const char c = static_cast<char>(byte);
        return c == named[0] || c == named[1] || c == named[2] ||
               (static_cast<std::int8_t>(byte) < below && c != exempt);
    }
};

#ifdef __SSE2__

// Bytes are looked at sixteen at a time: a bit for each that ends the copying.
inline constexpr std::ptrdiff_t block_bytes = 16;

inline __m128i load_block(const std::byte* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

inline void store_block(std::byte* at, __m128i block) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), block);
}

inline unsigned bits_of(__m128i bytes) {
    return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}

class MarkFinder {
public:
    explicit MarkFinder(const Marks& marks)
        : named_{_mm_set1_epi8(marks.named[0]), _mm_set1_epi8(marks.named[1]),
                 _mm_set1_epi8(marks.named[2])},
          exempt_(_mm_set1_epi8(marks.exempt)),
          below_(_mm_set1_epi8(marks.below)) {}

    [[nodiscard]] unsigned operator()(__m128i block) const {
        const __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(block, exempt_),
                                             _mm_cmplt_epi8(block, below_));
        const __m128i named = _mm_or_si128(_mm_cmpeq_epi8(block, named_[0]),
                                           _mm_or_si128(_mm_cmpeq_epi8(block, named_[1]),
                                                        _mm_cmpeq_epi8(block, named_[2])));
        return bits_of(_mm_or_si128(low, named));
    }

private:
    __m128i named_[3];
    __m128i exempt_;
    __m128i below_;
};

#endif

}  // namespace zc
