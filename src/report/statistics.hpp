// How much has gone each way, as socat(1) tells it on SIGUSR1 and with --statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zc {

struct WayCount {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

// The way that -u or -U closes has no count.
struct Statistics {
    std::optional<WayCount> to_right;
    std::optional<WayCount> to_left;
};

// Returns  the texts of the log lines, of LogLevel::info but not to be held back by it:
//          `STATISTICS: left to right: 12 packets(s),  5000 byte(s)` and the same for
//          `right to left`, with the numbers of both in columns.
[[nodiscard]] std::vector<std::string> statistics_lines(const Statistics& statistics);

}  // namespace zc
