#include "engine/run_filtered.hpp"

#include <algorithm>

#include "kernel/io.hpp"

namespace zc {
namespace {

std::optional<Error> filter_all(const Endpoint& source, const Endpoint& sink, Workspace& space,
                                const TransferOptions& options, const Filter& filter,
                                TransferReport& report) {
    for (;;) {
        auto room = space.buffer.room();
        if (options.limit)
            room = room.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(room.size(), *options.limit - report.taken)));
        if (room.empty()) return std::nullopt;
        ++report.calls;
        const auto got = read_some(source.fd, room);
        if (!got) return got.error().at(Side::source).about(source.label);
        if (*got == 0) return std::nullopt;
        report.taken += *got;
        const auto changed = filter(room.first(*got));
        ++report.calls;
        if (auto written = write_all(sink.fd, changed); !written)
            return written.error().at(Side::sink).about(sink.label);
        report.bytes += changed.size();
    }
}

}  // namespace

TransferReport run_filtered(const Endpoint& source, const Endpoint& sink, Workspace& space,
                            const TransferOptions& options, const Filter& filter) {
    const auto began = std::chrono::steady_clock::now();
    TransferReport report;
    report.error = filter_all(source, sink, space, options, filter, report);
    report.bytes_by[static_cast<std::size_t>(Method::copy)] = report.bytes;
    report.elapsed = std::chrono::steady_clock::now() - began;
    return report;
}

}  // namespace zc
