// The bytes that tests send and expect: each depends on its place and on a seed,
// so that a byte lost, doubled, or out of its place is seen wherever it happens.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace zc::test {

class Pattern {
public:
    explicit Pattern(std::uint64_t seed) : seed_(seed * 0xD1B54A32D192ED03U) {}

    // The bytes of the stream from place `at` on.
    void fill(std::span<char> out, std::uint64_t at) const {
        constexpr std::uint64_t width = sizeof(std::uint64_t);
        std::uint64_t index = at / width;
        std::size_t skip = at % width;
        for (std::size_t done = 0; done < out.size(); skip = 0) {
            const std::uint64_t word = word_at(index++);
            std::array<char, width> bytes{};
            std::memcpy(bytes.data(), &word, width);
            const std::size_t count = std::min(width - skip, out.size() - done);
            std::memcpy(out.data() + done, bytes.data() + skip, count);
            done += count;
        }
    }

    // The place of the first byte that is not the stream's; nothing if all are.
    [[nodiscard]] std::optional<std::uint64_t> first_wrong(std::span<const char> seen,
                                                           std::uint64_t at) const {
        std::array<char, 16384> right{};
        for (std::size_t done = 0; done < seen.size();) {
            const std::size_t count = std::min(right.size(), seen.size() - done);
            fill(std::span(right).first(count), at + done);
            const char* const part = seen.data() + done;
            if (std::memcmp(part, right.data(), count) != 0)
                return at + done +
                       static_cast<std::uint64_t>(
                           std::mismatch(part, part + count, right.data()).first - part);
            done += count;
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] std::uint64_t word_at(std::uint64_t index) const {
        const std::uint64_t mixed = (index + 1) * 0x9E3779B97F4A7C15U + seed_;
        return (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9U;
    }

    std::uint64_t seed_;
};

}  // namespace zc::test
