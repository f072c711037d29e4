// What a direction says of itself: how much came through, what went wrong.
#include "relay/direction_mover.hpp"

namespace zc {

Traffic Direction::traffic() const {
    Traffic all = quiet_;
    if (earlier_) all.bytes += earlier_->bytes;
    if (!mover_) return all;
    all.blocks += mover_->blocks;
    const Transfer* transfer = mover_->transfer();
    all.bytes += transfer != nullptr ? transfer->delivered() : mover_->fanout().report().bytes;
    return all;
}

std::vector<Error> Direction::errors() const {
    std::vector<Error> all;
    const auto add_error = [this, &all](const std::optional<Error>& error) {
        if (error && !excuses(*error)) all.push_back(*error);
    };
    if (error_) add_error(*error_);
    if (!mover_) return all;
    if (const Transfer* transfer = mover_->transfer()) {
        add_error(transfer->report().error);
        return all;
    }
    const FanoutReport report = mover_->fanout().report();
    add_error(report.error);
    add_error(report.sinks.front().error);
    if (report.sinks.back().error) all.push_back(*report.sinks.back().error);
    return all;
}

// Of the source or of the sink, but not of a recording.
std::optional<Error> Direction::failure_of_ends() const {
    if (error_) return *error_;
    if (!mover_) return std::nullopt;
    if (const Transfer* transfer = mover_->transfer()) return transfer->report().error;
    const FanoutReport report = mover_->fanout().report();
    return report.error ? report.error : report.sinks.front().error;
}

bool Direction::whole() const {
    const auto failed = failure_of_ends();
    return !failed || excuses(*failed);
}

bool Direction::ended_early() const {
    const auto failed = failure_of_ends();
    return from_->read_limit_bytes() || (failed && failed->side == Side::sink);
}

std::vector<EndReport> Direction::reports() const {
    if (mover_ && !mover_->transfer()) {
        const FanoutReport report = mover_->fanout().report();
        return {{mover_->source, mover_->sink, report_of(report, report.sinks.front())},
                {mover_->source, *recording(), report_of(report, report.sinks.back())}};
    }
    TransferReport whole;
    whole.bytes = whole.taken = quiet_.bytes;
    whole.bytes_by[static_cast<std::size_t>(Method::copy)] = quiet_.bytes;
    whole.calls = 2 * quiet_.blocks;
    if (earlier_) add(whole, *earlier_);
    if (mover_) add(whole, mover_->transfer()->report());
    whole.method = main_method(whole.bytes_by);
    if (error_) whole.error = *error_;
    if (mover_) return {{mover_->source, mover_->sink, whole}};
    if (ends_) return {{ends_->source, ends_->sink, whole}};
    return {{source_end().value(), sink_end().value(), whole}};
}

}  // namespace zc
