// The progress line: what a transfer looks like while it runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zc {

enum class Colour : std::uint8_t { no, yes };

// One look at what runs.
struct ProgressLook {
    std::string name;  // shown first, if there is one
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> size;     // that it will be in the end
    std::chrono::nanoseconds elapsed{0};   // since it began
    std::chrono::nanoseconds interval{0};  // since the look before
    std::uint64_t bytes_before = 0;        // at the look before
    std::chrono::nanoseconds still{0};     // since anything moved
    std::vector<std::string> others;       // what else there is to say: sessions of a relay
};

// Returns  one line without a newline, of at most `columns` characters (0: as long as
//          it is): bytes, elapsed time, rate now (or how long it is stalled, from two
//          seconds on) and on average; with a size a bar, percent and the time left.
//          What does not fit is left out, the least important first; of a number that is too long
//          nothing is shown.
[[nodiscard]] std::string progress_line(const ProgressLook& look, std::size_t columns,
                                        Colour colour);

}  // namespace zc
