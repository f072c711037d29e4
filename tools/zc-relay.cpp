// zc-relay: socat(1) for streams. Options are declared in relay_options.cpp; libzc
// does the work.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "address/address.hpp"
#include "address/describe.hpp"
#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "kernel/process.hpp"
#include "relay/metrics.hpp"
#include "relay_log.hpp"
#include "relay_options.hpp"
#include "report/dump.hpp"
#include "report/human.hpp"
#include "report/statistics.hpp"

namespace {

class RelayTool {
public:
    RelayTool(zc::tool::Program& program, const zc::tool::RelayFlags& flags)
        : program_(program),
          flags_(flags),
          supervisor_(program, flags.supervisor),
          check_(flags.result),
          options_(zc::tool::relay_options_of(flags)),
          total_rate_(flags.total_rate),
          log_(program.name(), flags) {}

    int run(const zc::tool::Words& words) {
        if (flags_.print_features) return print(zc::tool::features(program_.name()));
        if (flags_.print_all)
            return print(flags_.help() + "  addresses:\n" + zc::describe_addresses() +
                         "  options of addresses:\n" + zc::describe_options());
        const auto addresses = zc::tool::operands_of(words);
        if (addresses.size() < 2 || (addresses.size() > 2 && !flags_.balances))
            return program_.misused(
                fmt::format("exactly 2 addresses are needed, not {}", addresses.size()));
        // A peer that leaves is an error of its own session, not a death.
        std::signal(SIGPIPE, SIG_IGN);
        if (!log_.open()) return zc::tool::failed;
        const auto left = parsed(addresses[0]);
        const auto right = targets({addresses.begin() + 1, addresses.end()});
        if (!left || !right) return zc::tool::failed;
        forks_ = zc::forks(*left);
        if (flags_.result.expects() && (forks_ || options_.session.ways == zc::Ways::both))
            return program_.misused(
                "--expect-size and --digest are for one direction: -u or -U, without fork");
        if (!open_recordings() || !start_check() || !watch()) return zc::tool::failed;
        const auto outcome = zc::run_relay(*left, *right, options_, observer());
        supervisor_.stop();
        if (flags_.statistics) log_statistics(outcome.to_right, outcome.to_left);
        int status = status_of(outcome);
        if (status == zc::tool::success && flags_.result.expects()) {
            const bool to_right = options_.session.ways == zc::Ways::to_right;
            status = checked((to_right ? outcome.to_right : outcome.to_left).bytes,
                             addresses[to_right ? 1 : 0]);
        }
        supervisor_.sum_up(status);
        return status;
    }

private:
    [[nodiscard]] int status_of(const zc::RelayOutcome& outcome) const {
        constexpr int by_signal = 128;
        if (outcome.signal) return by_signal + *outcome.signal;
        if (outcome.failed) return zc::tool::status_of(outcome.failure);
        return recording_failed_ ? zc::tool::failed : zc::tool::success;
    }

    bool start_check() {
        if (const auto ready = check_.start(); !ready) return complain("--digest", ready.error());
        if (auto tap = check_.tap())
            options_.session.tap = [also = std::move(options_.session.tap), tap = std::move(tap)](
                                       zc::Ways way, std::uint64_t before, auto bytes) {
                if (also) also(way, before, bytes);
                tap(bytes);
            };
        return true;
    }

    // Takes    how much the sink got, and its address.
    // Returns  the exit status: whether that was what was expected.
    int checked(std::uint64_t bytes, const std::string& sink) {
        const auto wrong = check_.wrong(bytes);
        if (auto digest = check_.digest()) supervisor_.add(std::move(*digest));
        if (wrong) {
            complain(sink, *wrong);
            return zc::tool::unexpected;
        }
        // Only a file has a name that can be read again.
        const auto address = zc::parse_address(sink);
        const auto* file =
            std::get_if<zc::OpenFile>(&(address->write ? *address->write : address->read).target);
        const auto published = check_.publish({file != nullptr ? file->path : "-"});
        if (published) return zc::tool::success;
        complain(check_.place(), published.error());
        return zc::tool::failed;
    }

    // Whoever looks on, before there is anything to be seen.
    bool watch() {
        zc::block_relay_signals();
        if (supervisor_.watches() || !flags_.metrics.empty()) options_.counters = &counters_;
        supervisor_.look_by([this](zc::ProgressLook& look) { look_at_sessions(look); });
        if (!supervisor_.start(zc::tool::Supervisor::Hears::not_the_callers)) return false;
        if (supervisor_.rate() != 0) options_.session.rate = &supervisor_.rate();
        if (total_rate_ != 0) options_.session.total_rate = &total_limit_;
        if (flags_.metrics.empty()) return true;
        const auto at = parsed(flags_.metrics);
        if (!at) return false;
        auto server = zc::MetricsServer::start(*at, [this] { return zc::metrics_text(counters_); });
        if (!server) return complain(server.error().subject, server.error());
        log(zc::LogLevel::notice, "metrics on " + server->at());
        metrics_.emplace(std::move(*server));
        return true;
    }

    // Asked by one thread at a time.
    void look_at_sessions(zc::ProgressLook& look) {
        const auto right = counters_.to_right.bytes.load();
        const auto left = counters_.to_left.bytes.load();
        const auto now = std::chrono::steady_clock::now();
        look.bytes = right + left;
        if (look.bytes != std::exchange(seen_, look.bytes) || counters_.running == 0)
            moved_at_ = now;
        look.still = now - moved_at_;
        const double seconds = std::chrono::duration<double>(look.interval).count();
        const auto rate = [seconds](std::uint64_t bytes, std::uint64_t before) {
            return zc::bytes_text(seconds > 0 ? static_cast<double>(bytes - before) / seconds : 0);
        };
        look.others = {
            fmt::format("{} of {} sessions", counters_.running.load(), counters_.begun.load()),
            fmt::format("> {}/s", rate(right, std::exchange(right_before_, right))),
            fmt::format("< {}/s", rate(left, std::exchange(left_before_, left)))};
    }

    int print(const std::string& text) {
        const auto written = zc::write_all(zc::FdView(1), text);
        if (!written) program_.complain("write error", zc::cause(written.error()));
        return program_.status();
    }

    bool open_recordings() {
        auto& session = options_.session;
        if (dumps())
            session.tap = [this](zc::Ways way, std::uint64_t before, auto bytes) {
                show(way, before, bytes);
            };
        return record(flags_.record_to_right, to_right_, session.record_to_right) &&
               record(flags_.record_to_left, to_left_, session.record_to_left);
    }

    [[nodiscard]] bool dumps() const { return flags_.dump_text || flags_.dump_hex; }

    // What is shown has been read into memory, and is recorded from there.
    bool record(const std::string& name, zc::Fd& file, std::optional<zc::Endpoint>& recording) {
        if (name.empty()) return true;
        const std::string path = zc::tool::recording_path(
            name, program_.name(), log_.style().process, std::chrono::system_clock::now());
        auto opened = zc::open_file(path, zc::OpenFor::continuing);
        if (!opened) return complain(path, opened.error());
        file = std::move(*opened);
        if (dumps()) return true;
        auto end = zc::look_at(file.view(), path);
        if (!end) return complain(path, end.error());
        recording = std::move(*end);
        return true;
    }

    std::optional<zc::Address> parsed(const std::string& text) {
        auto address = zc::parse_address(text);
        if (address) return std::move(*address);
        complain(text, address.error());
        return std::nullopt;
    }

    std::optional<std::vector<zc::Address>> targets(const std::vector<std::string>& texts) {
        std::vector<zc::Address> all;
        for (const std::string& text : texts) {
            auto one = parsed(text);
            if (!one) return std::nullopt;
            if (zc::forks(*one)) {
                log(zc::LogLevel::error, text + ": fork is for the first address");
                return std::nullopt;
            }
            all.push_back(std::move(*one));
        }
        return all;
    }

    zc::RelayObserver observer() {
        zc::RelayObserver observer;
        observer.log = [this](zc::LogLevel level, const std::string& text) { log(level, text); };
        observer.statistics = [this](const zc::Traffic& to_right, const zc::Traffic& to_left) {
            if (supervisor_.wants_stats()) return supervisor_.tell_state();
            log_statistics(to_right, to_left);
        };
        if (log_.is_file() || !flags_.supervisor.rate_file.empty())
            observer.reopen_log = [this] {
                supervisor_.change_rate();
                log_.reopen();
            };
        // Of a relay for many there would be no end of them.
        const bool sums_up = supervisor_.wants_stats() && !forks_;
        if (flags_.common.explain || sums_up)
            observer.report = [this, sums_up](const zc::EndReport& said) {
                if (flags_.common.explain) program_.explain(said.source, said.sink, said.report);
                if (sums_up) supervisor_.add(zc::stats_of(said.source, said.sink, said.report));
            };
        if (flags_.log_form == zc::LogStyle::Form::json)
            observer.session = [this](const zc::SessionSummary& summary) {
                log_.write(zc::session_json(summary, log_.style().program, log_.style().process));
            };
        return observer;
    }

    // Asked for, so it is said whatever -d says.
    void log_statistics(const zc::Traffic& to_right, const zc::Traffic& to_left) const {
        const auto ways = options_.session.ways;
        zc::Statistics statistics;
        if (ways != zc::Ways::to_left) statistics.to_right = {to_right.blocks, to_right.bytes};
        if (ways != zc::Ways::to_right) statistics.to_left = {to_left.blocks, to_left.bytes};
        for (const std::string& line : zc::statistics_lines(statistics)) log_.say(line);
    }

    void show(zc::Ways way, std::uint64_t before, std::span<const std::byte> bytes) {
        auto form = flags_.dump_hex ? zc::DumpForm::hex : zc::DumpForm::text;
        if (flags_.dump_hex && flags_.dump_text) form = zc::DumpForm::both;
        const bool to_right = way == zc::Ways::to_right;
        (void)zc::write_all(
            zc::FdView(2),
            zc::dump(to_right ? '>' : '<', std::chrono::system_clock::now(), before, bytes, form));
        const zc::Fd& recording = to_right ? to_right_ : to_left_;
        if (!recording.valid() || recording_failed_) return;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const auto written = zc::write_all(recording.view(), text);
        if (written) return;
        recording_failed_ = true;
        complain(to_right ? flags_.record_to_right : flags_.record_to_left, written.error());
    }

    bool complain(const std::string& thing, const zc::Error& error) {
        return log_.complain(thing, error);
    }
    void log(zc::LogLevel level, const std::string& text) const { log_.log(level, text); }

    zc::tool::Program& program_;
    const zc::tool::RelayFlags& flags_;
    zc::tool::Supervisor supervisor_;
    zc::tool::ResultCheck check_;
    zc::RelayOptions options_;
    zc::RelayCounters counters_;
    std::atomic<std::uint64_t> total_rate_;
    zc::RateLimit total_limit_{total_rate_};
    std::optional<zc::MetricsServer> metrics_;
    bool forks_ = false;
    std::uint64_t seen_ = 0;
    std::uint64_t right_before_ = 0;
    std::uint64_t left_before_ = 0;
    std::chrono::steady_clock::time_point moved_at_ = std::chrono::steady_clock::now();
    zc::Fd to_right_;  // -r
    zc::Fd to_left_;   // -R
    std::atomic<bool> recording_failed_ = false;
    zc::tool::RelayLog log_;
};

}  // namespace

int main(int argc, char** argv) {
    zc::tool::RelayFlags flags;
    return zc::tool::run_program(
        zc::tool::socat_spelling(argc, argv),
        {"ADDRESS ADDRESS...", [&](auto& table) { zc::tool::declare_relay(table, flags); }},
        [&](zc::tool::Program& program, const zc::tool::Words& words) {
            return RelayTool(program, flags).run(words);
        });
}
