#include "engine/fanout.hpp"

#include <array>
#include <utility>

#include "engine/fanout_work.hpp"
#include "kernel/sys.hpp"

namespace zc {

struct Fanout::Own {
    Own(Endpoint source, std::vector<FanoutSink> sinks, Workspace* space, FanoutOptions options)
        : supervision(options.transfer.supervision),
          work(std::move(source), std::move(sinks), space != nullptr ? *space : own_space,
               polling(std::move(options))) {}

    // Whoever sleeps in the kernel cannot be ended.
    static FanoutOptions polling(FanoutOptions options) {
        if (options.transfer.supervision.may_end()) options.transfer.waiting = Waiting::by_poll;
        return options;
    }

    Supervision supervision;
    Workspace own_space;
    FanoutWork work;
};

Fanout::Fanout(Endpoint source, std::vector<FanoutSink> sinks, FanoutOptions options)
    : own_(std::make_unique<Own>(std::move(source), std::move(sinks), nullptr,
                                 std::move(options))) {}
Fanout::Fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
               FanoutOptions options)
    : own_(std::make_unique<Own>(std::move(source), std::move(sinks), &space, std::move(options))) {
}
Fanout::Fanout(Fanout&& other) noexcept = default;
Fanout& Fanout::operator=(Fanout&& other) noexcept = default;
Fanout::~Fanout() = default;

Progress Fanout::advance() { return own_->work.advance(); }
std::span<const Interest> Fanout::interests() const { return own_->work.interests(); }
void Fanout::cut_short(const Error& error) { own_->work.cut_short(error); }
void Fanout::join(FanoutSink sink) { own_->work.join(std::move(sink)); }
FanoutReport Fanout::report() const { return own_->work.report(); }

FanoutReport Fanout::run() {
    for (;;) {
        const Progress progress = advance();
        if (progress.state == Progress::State::finished) return report();
        if (auto goes_on = tend(own_->supervision, progress, interests()); !goes_on)
            cut_short(goes_on.error());
    }
}

TransferReport report_of(const FanoutReport& all, const SinkReport& sink) {
    TransferReport report;
    report.bytes = sink.bytes;
    report.bytes_by = sink.bytes_by;
    report.method = main_method(sink.bytes_by);
    report.demotions = all.demotions;
    report.demotions.insert(report.demotions.end(), sink.demotions.begin(), sink.demotions.end());
    report.taken = all.bytes;
    report.calls = all.calls;
    report.shorts = sink.shorts;
    report.try_laters = all.try_laters;
    report.elapsed = all.elapsed;
    report.error = all.error ? all.error : sink.error;
    return report;
}

namespace {

void let_in(std::vector<Door>& doors, Fanout& fanout) {
    const auto nobody = [&fanout](Door& door) {
        const std::array at{Interest{door.socket, Readiness::readable}};
        const auto ready = sys::wait(at, {}, std::chrono::milliseconds{0});
        return ready && *ready != 0 && !door.open(fanout);
    };
    std::erase_if(doors, nobody);
}

// Lets in whoever has come; // waits at the doors, too.
Result<void> wait_at(std::vector<Door>& doors, Fanout& fanout, const Supervision& supervision,
                     const Progress& progress) {
    const auto wanted = fanout.interests();
    std::vector<Interest> all(wanted.begin(), wanted.end());
    for (const Door& door : doors) all.push_back({door.socket, Readiness::readable});
    if (auto in_time = tend(supervision, progress, all); !in_time) return in_time;
    let_in(doors, fanout);
    return {};
}

}  // namespace

FanoutReport run_fanout(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
                        FanoutOptions options, std::vector<Door> doors) {
    options.may_join = !doors.empty();
    if (options.may_join) options.transfer.waiting = Waiting::by_poll;
    const Supervision supervision = options.transfer.supervision;
    Fanout fanout(std::move(source), std::move(sinks), space, options);
    // Looking at the doors is a system call; a busy stream makes thousands of steps a second.
    constexpr unsigned steps_between_looks = 64;
    for (unsigned step = 1;; ++step) {
        const Progress progress = fanout.advance();
        if (progress.state == Progress::State::finished) return fanout.report();
        if (!doors.empty() && step % steps_between_looks == 0) let_in(doors, fanout);
        if (auto in_time = wait_at(doors, fanout, supervision, progress); !in_time)
            fanout.cut_short(in_time.error());
    }
}

}  // namespace zc
