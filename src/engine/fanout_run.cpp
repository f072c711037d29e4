// A fan-out run to its end, and its report in the words of a transfer's.
#include <utility>

#include "engine/fanout.hpp"

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

FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        TransferOptions options) {
    Fanout fanout(std::move(source), std::move(sinks), space, options);
    for (;;) {
        const Progress progress = fanout.advance();
        if (progress.state == Progress::State::finished) return fanout.report();
        if (progress.state == Progress::State::waiting) wait_for(progress);
    }
}

}  // namespace zc
