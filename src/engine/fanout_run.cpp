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
void wait_at(std::vector<Door>& doors, Fanout& fanout, const Progress& progress) {
    const auto wanted = fanout.interests();
    const bool waits = progress.state == Progress::State::waiting;
    std::vector<Interest> all(wanted.begin(), wanted.end());
    for (const Door& door : doors) all.push_back({door.socket, Readiness::readable});
    const auto ready = std::make_unique<bool[]>(all.size());
    const auto limit = waits ? progress.look_after : std::chrono::milliseconds{0};
    const std::size_t first = wanted.size();
    if (!sys::wait(all, {ready.get(), all.size()}, limit)) return;
    for (std::size_t i = doors.size(); i-- != 0;)
        if (ready[first + i] && !doors[i].open(fanout))
            doors.erase(doors.begin() + static_cast<std::ptrdiff_t>(i));
}

}  // namespace

FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        FanoutOptions options, std::vector<Door> doors) {
    options.may_join = !doors.empty();
    if (options.may_join) options.transfer.waiting = Waiting::by_poll;
    Fanout fanout(std::move(source), std::move(sinks), space, options);
    // Looking at the doors is a system call; a busy stream makes thousands of steps a second.
    constexpr unsigned steps_between_looks = 64;
    for (unsigned step = 1;; ++step) {
        const Progress progress = fanout.advance();
        if (progress.state == Progress::State::finished) return fanout.report();
        const bool waits = progress.state == Progress::State::waiting;
        if (waits || (!doors.empty() && step % steps_between_looks == 0))
            wait_at(doors, fanout, progress);
    }
}

}  // namespace zc
