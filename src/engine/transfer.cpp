#include "engine/transfer.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/transfer_work.hpp"
#include "kernel/sys.hpp"

namespace zc {

struct Transfer::Own {
    Own(Endpoint source, Endpoint sink, Workspace* space, TransferOptions options)
        : work(std::move(source), std::move(sink), space != nullptr ? *space : own_space,
               std::move(options)) {}

    Workspace own_space;
    TransferWork work;
    Progress last{};
};

Transfer::Transfer(Endpoint source, Endpoint sink, TransferOptions options)
    : own_(std::make_unique<Own>(std::move(source), std::move(sink), nullptr, std::move(options))) {
}
Transfer::Transfer(Endpoint source, Endpoint sink, Workspace& space, TransferOptions options)
    : own_(std::make_unique<Own>(std::move(source), std::move(sink), &space, std::move(options))) {}
Transfer::Transfer(Transfer&& other) noexcept = default;
Transfer& Transfer::operator=(Transfer&& other) noexcept = default;
Transfer::~Transfer() = default;

Progress Transfer::advance() { return own_->last = own_->work.advance(); }

std::optional<Interest> Transfer::wants() const {
    const bool waits = own_->last.state == Progress::State::waiting;
    return waits ? own_->last.wants : std::nullopt;
}

void Transfer::cut_short(const Error& error) { own_->work.cut_short(error); }
const TransferReport& Transfer::report() const { return own_->work.report(); }
std::uint64_t Transfer::delivered() const { return own_->work.delivered(); }
TransferReport Transfer::report_so_far() { return own_->work.report_so_far(); }
const Endpoint& Transfer::source() const { return own_->work.source(); }
const Endpoint& Transfer::sink() const { return own_->work.sink(); }

void add(TransferReport& into, const TransferReport& part) {
    into.bytes += part.bytes;
    into.taken += part.taken;
    into.calls += part.calls;
    into.shorts += part.shorts;
    into.try_laters += part.try_laters;
    into.elapsed += part.elapsed;
    for (std::size_t i = 0; i < into.bytes_by.size(); ++i) into.bytes_by[i] += part.bytes_by[i];
    into.demotions.insert(into.demotions.end(), part.demotions.begin(), part.demotions.end());
    into.method = main_method(into.bytes_by);
    if (part.error) into.error = part.error;
}

void wait_for(const Progress& progress) { (void)tend({}, progress, wanted_by(progress)); }

std::span<const Interest> wanted_by(const Progress& progress) {
    if (!progress.wants) return {};
    return {&*progress.wants, 1};
}

namespace {

Result<void> wait_in_time(Patience* patience, const Progress& progress,
                          std::span<const Interest> wanted, std::span<const Interest> all) {
    if (patience != nullptr) return patience->wait(wanted, all, progress.look_after);
    (void)sys::wait(all, {}, progress.look_after);
    return {};
}

}  // namespace

Result<void> tend(const Supervision& supervision, const Progress& progress,
                  std::span<const Interest> wanted) {
    Patience* const patience = supervision.patience;
    Result<void> in_time;
    if (progress.state != Progress::State::waiting) {
        if (patience != nullptr) in_time = patience->moved();
    } else if (wanted.size() > 1) {
        std::vector<Interest> all(wanted.begin(), wanted.end());
        for (const StopToken* stop : {&supervision.stop, &supervision.other_stop})
            if (stop->possible()) all.push_back({stop->descriptor(), Readiness::readable});
        in_time = wait_in_time(patience, progress, wanted, all);
    } else {  // without an allocation
        std::array<Interest, 3> all;
        std::size_t count = 0;
        if (!wanted.empty()) all[count++] = wanted.front();
        for (const StopToken* stop : {&supervision.stop, &supervision.other_stop})
            if (stop->possible()) all[count++] = {stop->descriptor(), Readiness::readable};
        in_time = wait_in_time(patience, progress, wanted, std::span(all).first(count));
    }
    if (supervision.is_to_stop()) return failure(Error::told(Errc::stopped, "poll", "stopped"));
    return in_time;
}

TransferReport transfer(FdView sink, FdView source, std::optional<std::uint64_t> limit,
                        TransferOptions options) {
    const auto from = look_at(source, "source");
    const auto to = look_at(sink, "sink");
    if (!from || !to) {
        TransferReport report;
        report.error = from ? to.error().at(Side::sink) : from.error().at(Side::source);
        return report;
    }
    if (limit) options.limit = options.limit ? std::min(*options.limit, *limit) : *limit;
    Workspace space;
    return run_transfer(*from, *to, space, std::move(options));
}

TransferReport run_transfer(Endpoint source, Endpoint sink, Workspace& space,
                            TransferOptions options) {
    if (options.supervision.may_end()) options.waiting = Waiting::by_poll;
    const Supervision supervision = options.supervision;
    TransferWork transfer(std::move(source), std::move(sink), space, std::move(options));
    for (;;) {
        const Progress progress = transfer.advance();
        if (progress.state == Progress::State::finished) return transfer.report();
        if (auto in_time = tend(supervision, progress, wanted_by(progress)); !in_time)
            transfer.cut_short(in_time.error());
    }
}

}  // namespace zc
