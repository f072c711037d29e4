#include "engine/run_filtered.hpp"

#include <algorithm>
#include <array>

#include "engine/path.hpp"
#include "kernel/io.hpp"
#include "kernel/limits.hpp"

namespace zc {
namespace {

// Writes all of it; under supervision no more at once than is sure not to sleep.
Result<void> write_supervised(const Endpoint& sink, std::span<const std::byte> bytes,
                              Patience* patience) {
    if (patience == nullptr) return write_all(sink.fd, bytes);
    const std::array room{Interest{sink.fd, Readiness::writable}};
    while (!bytes.empty()) {
        if (auto in_time = patience->wait(room, room, {}); !in_time) return in_time;
        const auto piece = bytes.first(std::min(bytes.size(), limits::sure_write_bytes));
        if (auto written = write_all(sink.fd, piece); !written) return written;
        bytes = bytes.subspan(piece.size());
        if (auto in_time = patience->moved(); !in_time) return in_time;
    }
    return {};
}

// How much may be read now; waits for the rate, and for the source.
Result<std::size_t> leave_to_read(const Endpoint& source, const Supervision& supervision,
                                  std::size_t most) {
    Gauge* const gauge = supervision.gauge;
    RateLimit* const rate = supervision.rate;
    Patience* const patience = supervision.patience;
    while (rate != nullptr) {
        const auto leave = rate->ask(RateLimit::Clock::now());
        if (leave.bytes != 0) {
            most = static_cast<std::size_t>(std::min<std::uint64_t>(most, leave.bytes));
            break;
        }
        const Progress pause{Progress::State::waiting, {}, leave.wait};
        if (gauge != nullptr) gauge->rests();
        if (auto in_time = tend(supervision, pause, {}); !in_time) return failure(in_time.error());
    }
    if (patience == nullptr) return most;
    const std::array input{Interest{source.fd, Readiness::readable}};
    if (auto in_time = patience->wait(input, input, {}); !in_time) return failure(in_time.error());
    return most;
}

std::optional<Error> filter_all(Route& route, const TransferOptions& options, const Filter& filter,
                                TransferReport& report) {
    const Endpoint& source = route.source;
    const Endpoint& sink = route.sink;
    for (;;) {
        auto room = route.space.buffer.room();
        if (options.limit)
            room = room.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(room.size(), *options.limit - report.taken)));
        if (room.empty()) return std::nullopt;
        const Supervision& supervision = options.supervision;
        const auto leave = leave_to_read(source, supervision, room.size());
        if (!leave) return leave.error().at(Side::source).about(source.label);
        room = room.first(*leave);
        ++report.calls;
        const auto got = read_some(source.fd, room);
        if (!got) return got.error().at(Side::source).about(source.label);
        if (*got == 0) return std::nullopt;
        report.taken += *got;
        if (route.source_trail) route.source_trail->passed(*got);
        const auto changed = filter(room.first(*got));
        ++report.calls;
        if (supervision.rate != nullptr) supervision.rate->took(*got);
        if (auto written = write_supervised(sink, changed, supervision.patience); !written)
            return written.error().at(Side::sink).about(sink.label);
        report.bytes += changed.size();
        if (route.sink_trail) route.sink_trail->passed(changed.size());
        if (supervision.gauge != nullptr) supervision.gauge->moved(changed.size());
    }
}

}  // namespace

TransferReport run_filtered(const Endpoint& source, const Endpoint& sink, Workspace& space,
                            const TransferOptions& options, const Filter& filter) {
    const auto began = std::chrono::steady_clock::now();
    TransferReport report;
    Route route{source, sink, space};
    if (options.policy.cache == Cache::bypass) drop_behind(route);
    report.error = filter_all(route, options, filter, report);
    drop_rest(route);
    report.bytes_by[static_cast<std::size_t>(Method::copy)] = report.bytes;
    report.elapsed = std::chrono::steady_clock::now() - began;
    return report;
}

}  // namespace zc
