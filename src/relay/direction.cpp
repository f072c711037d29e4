#include "relay/direction.hpp"

#include <chrono>

#include "kernel/limits.hpp"

namespace zc {
namespace {

// Steps of one direction before the others get their turn: 16 steps of a carrier
// are 16 MiB at most, about 5 ms.
constexpr int steps_in_a_turn = 16;

TransferOptions options_of(const DirectionOptions& options) {
    TransferOptions how;
    how.policy = options.policy;
    how.limit = options.limit;
    how.waiting = Waiting::by_poll;
    return how;
}

}  // namespace

Direction::Direction(Endpoint source, Endpoint sink, DirectionOptions options)
    : source_(std::move(source)), sink_(std::move(sink)), options_(std::move(options)) {
    begin();
}

void Direction::begin() {
    const TransferOptions how = options_of(options_);
    if (options_.recording) {
        std::vector<FanoutSink> sinks{{sink_}, {*options_.recording}};
        mover_.emplace<Fanout>(source_, std::move(sinks), space_, how);
    } else {
        mover_.emplace<Transfer>(source_, sink_, space_, how);
    }
}

Progress Direction::advance_mover() {
    if (auto* transfer = std::get_if<Transfer>(&mover_)) return transfer->advance();
    return std::get<Fanout>(mover_).advance();
}

Progress Direction::advance() {
    moved_in_turn_ = false;
    Progress progress;
    for (int step = 0; step < steps_in_a_turn; ++step) {
        progress = advance_mover();
        if (progress.state != Progress::State::moving) break;
        moved_in_turn_ = true;
    }
    waits_for_sink_ = progress.wants && progress.wants->event == Readiness::writable;
    if (progress.state != Progress::State::finished) return progress;
    finished_ = true;
    if (options_.at_end == AtEnd::look_again && !failed()) {
        // The mover has ended; another one goes on where it stopped.
        finished_ = false;
        begin();
        return Progress{Progress::State::waiting, std::nullopt, limits::look_again_after};
    }
    return progress;
}

std::vector<Error> Direction::errors() const {
    std::vector<Error> all;
    if (const auto* transfer = std::get_if<Transfer>(&mover_)) {
        if (const auto& error = transfer->report().error) all.push_back(*error);
    } else {
        const FanoutReport report = std::get<Fanout>(mover_).report();
        if (report.error) all.push_back(*report.error);
        for (const SinkReport& sink : report.sinks)
            if (sink.error) all.push_back(*sink.error);
    }
    return all;
}

std::vector<EndReport> Direction::reports() const {
    if (const auto* transfer = std::get_if<Transfer>(&mover_))
        return {{source_, sink_, transfer->report()}};
    const FanoutReport report = std::get<Fanout>(mover_).report();
    std::vector<EndReport> all;
    all.push_back({source_, sink_, report_of(report, report.sinks.front())});
    all.push_back({source_, *options_.recording, report_of(report, report.sinks.back())});
    return all;
}

}  // namespace zc
