// The bytes of a text that cannot be copied as they are, and finding them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace zc {

// A set of bytes that sixteen bytes at a time can be compared with.
struct Marks {
    static constexpr std::size_t block_bytes = 64;  // one bit of in_block() for each

    std::array<char, 3> named{'\n', '\n', '\n'};
    std::int8_t below = -128;  // 32: 0x00-0x1f too and, being negative, 0x80-0xff
    char exempt = 'a';         // not a mark, whatever `below` says

    [[nodiscard]] bool has(std::byte byte) const {
        const char c = static_cast<char>(byte);
        return c == named[0] || c == named[1] || c == named[2] ||
               (static_cast<std::int8_t>(byte) < below && c != exempt);
    }

    // Returns  a bit for each mark of a block, the first byte's lowest.
    [[nodiscard]] std::uint64_t in_block(const std::byte* block) const {
        std::uint64_t bits = 0;
#ifdef __SSE2__
        for (std::size_t i = 0; i < block_bytes; i += 16)
            bits |= std::uint64_t{in_sixteen(block + i)} << i;
#else
        for (std::size_t i = 0; i < block_bytes; ++i) bits |= std::uint64_t{has(block[i])} << i;
#endif
        return bits;
    }

private:
#ifdef __SSE2__
    [[nodiscard]] unsigned in_sixteen(const std::byte* at) const {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto equal = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
        const __m128i low =
            _mm_andnot_si128(equal(exempt), _mm_cmplt_epi8(bytes, _mm_set1_epi8(below)));
        const __m128i any =
            _mm_or_si128(equal(named[0]), _mm_or_si128(equal(named[1]), equal(named[2])));
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, any)));
    }
#endif
};

}  // namespace zc
