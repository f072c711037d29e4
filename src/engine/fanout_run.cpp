// A fan-out run to its end, and its report in the words of a transfer's.
#include <memory>
#include <utility>

#include "engine/fanout.hpp"
#include "kernel/sys.hpp"

namespace zc {

TransferReport report_of(const FanoutReport& all, const SinkReport& sink) {
    TransferReport report;
    report.bytes = sink.bytes;
    report.bytes_by = sink.bytes_by;
    report.method = main_method(sink.bytes_by);
    report.demotions = all.demotions;
    report.demotions.insert(report.demotions.end(), sink.demotions.begin(), sink.demotions.end());
    report.calls = all.calls;
    report.elapsed = all.elapsed;
    report.error = all.error ? all.error : sink.error;
    return report;
}

namespace {

// Lets in whoever has come, and waits, if the fan-out does: for its sinks and at
// the doors.
void wait_at(Fanout& fanout, const Progress& progress, std::span<const Door> doors) {
    const auto wanted = fanout.interests();
    std::vector<Interest> all(wanted.begin(), wanted.end());
    for (const Door& door : doors) all.push_back({door.socket, Readiness::readable});
    const auto ready = std::make_unique<bool[]>(all.size());
    const bool waits = progress.state == Progress::State::waiting;
    const auto limit = waits ? progress.look_after : std::chrono::milliseconds{0};
    if (!sys::wait(all, {ready.get(), all.size()}, limit)) return;
    for (std::size_t i = 0; i < doors.size(); ++i)
        if (ready[wanted.size() + i])
            if (auto sink = doors[i].open()) fanout.join(std::move(*sink));
}

}  // namespace

FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        FanoutOptions options, std::span<const Door> doors) {
    if (!doors.empty()) options.transfer.waiting = Waiting::by_poll;
    Fanout fanout(std::move(source), std::move(sinks), space, options);
    // Looking at the doors is a system call; a busy stream makes thousands a second.
    constexpr unsigned steps_between_looks = 64;
    for (unsigned step = 1;; ++step) {
        const Progress progress = fanout.advance();
        if (progress.state == Progress::State::finished) return fanout.report();
        const bool waits = progress.state == Progress::State::waiting;
        if (waits || (!doors.empty() && step % steps_between_looks == 0))
            wait_at(fanout, progress, doors);
    }
}

}  // namespace zc
