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
#include <vector>

#include "address/address.hpp"
#include "address/describe.hpp"
#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "kernel/process.hpp"
#include "relay_options.hpp"
#include "report/dump.hpp"
#include "report/statistics.hpp"

namespace {

class RelayTool {
public:
    RelayTool(zc::tool::Program& program, const zc::tool::RelayFlags& flags)
        : program_(program), flags_(flags), options_(zc::tool::relay_options_of(flags)) {
        style_.program = flags.log_name.empty() ? program.name() : flags.log_name;
        style_.process = zc::own_pid();
        if (flags.log_microseconds) style_.precision = zc::Precision::us;
        if (flags.log_host) style_.host = zc::host_name();
    }

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
        if (!open_log()) return zc::tool::failed;
        const auto left = parsed(addresses[0]);
        const auto right = targets({addresses.begin() + 1, addresses.end()});
        if (!left || !right || !open_recordings()) return zc::tool::failed;
        const auto outcome = zc::run_relay(*left, *right, options_, observer());
        if (flags_.statistics) log_statistics(outcome.to_right, outcome.to_left);
        constexpr int by_signal = 128;
        if (outcome.signal) return by_signal + *outcome.signal;
        return outcome.failed || recording_failed_ ? zc::tool::failed : zc::tool::success;
    }

private:
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

    bool open_log() {
        if (flags_.syslog_facility && !log_.to_syslog(style_.program, *flags_.syslog_facility)) {
            log(zc::LogLevel::error,
                fmt::format("-ly: \"{}\" is no facility of syslog", *flags_.syslog_facility));
            return false;
        }
        if (flags_.log_file.empty()) return true;
        auto opened = log_.to_file(flags_.log_file);
        return opened || complain(flags_.log_file, opened.error());
    }

    // What is shown has been read into memory, and is recorded from there.
    bool record(const std::string& name, zc::Fd& file, std::optional<zc::Endpoint>& recording) {
        if (name.empty()) return true;
        const std::string path = zc::tool::recording_path(name, program_.name(), style_.process,
                                                          std::chrono::system_clock::now());
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
            log_statistics(to_right, to_left);
        };
        if (log_.is_file()) observer.reopen_log = [this] { reopen_log(); };
        if (flags_.common.explain)
            observer.report = [this](const zc::EndReport& said) {
                program_.explain(said.source, said.sink, said.report);
            };
        return observer;
    }

    void reopen_log() {
        if (auto opened = log_.reopen(); !opened) complain(flags_.log_file, opened.error());
    }

    // Asked for, so it is said whatever -d says.
    void log_statistics(const zc::Traffic& to_right, const zc::Traffic& to_left) const {
        const auto ways = options_.session.ways;
        zc::Statistics statistics;
        if (ways != zc::Ways::to_left) statistics.to_right = {to_right.blocks, to_right.bytes};
        if (ways != zc::Ways::to_right) statistics.to_left = {to_left.blocks, to_left.bytes};
        for (const std::string& line : zc::statistics_lines(statistics))
            log_.write(style_, zc::LogLevel::info, line);
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
        log(zc::LogLevel::error, thing + ": " + zc::cause(error));
        return false;
    }

    // The levels that -d, -dd, ... ask for; errors and warnings without.
    [[nodiscard]] bool is_logged(zc::LogLevel level) const {
        if (flags_.quiet) return level <= zc::LogLevel::error;
        return static_cast<int>(level) <= std::max(2, flags_.verbosity + 1);
    }

    void log(zc::LogLevel level, const std::string& text) const {
        if (is_logged(level)) log_.write(style_, level, text);
    }

    zc::tool::Program& program_;
    const zc::tool::RelayFlags& flags_;
    zc::RelayOptions options_;
    zc::Fd to_right_;  // -r
    zc::Fd to_left_;   // -R
    std::atomic<bool> recording_failed_ = false;
    zc::LogStyle style_;
    zc::LogTarget log_;
};

}  // namespace

int main(int argc, char** argv) {
    zc::tool::RelayFlags flags;
    return zc::tool::run_program(
        zc::tool::socat_spelling(argc, argv),
        {"ADDRESS ADDRESS...", [&](CLI::App& app) { zc::tool::declare_relay(app, flags); }},
        [&](zc::tool::Program& program, const zc::tool::Words& words) {
            return RelayTool(program, flags).run(words);
        });
}
