#include "report/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace zc {

std::vector<std::string> statistics_lines(const Statistics& statistics) {
    const WayCount right = statistics.to_right.value_or(WayCount{});
    const WayCount left = statistics.to_left.value_or(WayCount{});
    const auto packets_width = std::to_string(std::max(right.packets, left.packets)).size();
    const auto bytes_width = std::to_string(std::max(right.bytes, left.bytes)).size();
    std::vector<std::string> lines;
    const auto add = [&](std::string_view way, const WayCount& count) {
        lines.push_back(fmt::format("STATISTICS: {}: {:{}} packets(s), {:{}} byte(s)", way,
                                    count.packets, packets_width, count.bytes, bytes_width));
    };
    if (statistics.to_right) add("left to right", right);
    if (statistics.to_left) add("right to left", left);
    return lines;
}

}  // namespace zc
