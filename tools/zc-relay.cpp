// zc-relay: socat(1) for streams. Options are declared here; libzc does the work.
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "address/address.hpp"
#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "kernel/process.hpp"
#include "relay/relay.hpp"
#include "tool.hpp"

namespace {

struct Options {
    zc::tool::CommonOptions common;
    bool to_right = false;
    bool to_left = false;
    bool ipv4 = false;
    bool ipv6 = false;
    double half_closed_seconds = -1;
    double idle_seconds = -1;
    std::uint64_t buffer_bytes = 0;
    int verbosity = 0;
    bool quiet = false;
    std::string log_file;
    std::string record_to_right;
    std::string record_to_left;
    std::string balance;
};

void declare(CLI::App& app, Options& options) {
    app.description("Relay between two ADDRESSes, both ways; see zc-address(7).");
    app.add_flag("-u", options.to_right, "one direction: from the first ADDRESS to the second");
    app.add_flag("-U", options.to_left, "one direction: from the second ADDRESS to the first")
        ->excludes("-u");
    app.add_option("-t", options.half_closed_seconds,
                   "end when nothing has moved for this long after one side has ended")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    app.add_option("-T", options.idle_seconds, "end when nothing has moved for this long")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    app.add_option("-r", options.record_to_right, "record what goes to the second ADDRESS")
        ->type_name("FILE");
    app.add_option("-R", options.record_to_left, "record what goes to the first ADDRESS")
        ->type_name("FILE");
    app.add_option("-b", options.buffer_bytes, "accepted for socat's sake")->type_name("BYTES");
    app.add_flag("-4", options.ipv4, "TCP addresses that do not say so are IPv4");
    app.add_flag("-6", options.ipv6, "TCP addresses that do not say so are IPv6")->excludes("-4");
    app.add_flag("-d", options.verbosity, "log more: -dd notices, -ddd what happens, -dddd all");
    zc::tool::add_common(app, options.common);
    // CLI11 knows no -lf; see socat_spelling().
    app.add_flag("--only-errors", options.quiet)->group("");
    app.add_option("--log-file", options.log_file)->group("");
    app.footer("  -lf FILE                   log to FILE instead of standard error\n");
    app.set_help_flag("-h,--help", "print this help and exit");
}

// socat's options of two letters and levels, as CLI11 can read them.
std::vector<std::string> socat_spelling(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 0; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "-lf") {
            words.emplace_back("--log-file");
        } else if (word == "-d0") {
            words.emplace_back("--only-errors");
        } else if (word.size() == 3 && word.starts_with("-d") && word[2] >= '1' && word[2] <= '4') {
            words.emplace_back("-" + std::string(static_cast<std::size_t>(word[2] - '0'), 'd'));
        } else {
            words.push_back(word);
        }
    }
    return words;
}

std::optional<std::chrono::milliseconds> milliseconds(double seconds) {
    if (seconds < 0) return std::nullopt;
    // More than a century is for ever, and fits every clock.
    constexpr double most = 100.0 * 366 * 24 * 3600;
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds, most) * 1000));
}

class RelayTool {
public:
    RelayTool(zc::tool::Program& program, const Options& options)
        : program_(program), options_(options) {}

    int run(const zc::tool::Words& words) {
        const auto addresses = zc::tool::operands_of(words);
        if (addresses.size() < 2 || (addresses.size() > 2 && options_.balance.empty()))
            return program_.misused("exactly 2 addresses are needed, not " +
                                    std::to_string(addresses.size()));
        // A peer that leaves is an error of its own session, not a death.
        std::signal(SIGPIPE, SIG_IGN);
        if (!prepare()) return zc::tool::failed;
        const auto left = parsed(addresses[0]);
        if (!left) return zc::tool::failed;
        std::vector<zc::Address> right;
        for (auto each = addresses.begin() + 1; each != addresses.end(); ++each) {
            auto one = parsed(*each);
            if (!one) return zc::tool::failed;
            if (zc::forks(*one)) {
                log(zc::LogLevel::error, *each + ": fork is for the first address");
                return zc::tool::failed;
            }
            right.push_back(std::move(*one));
        }
        zc::RelayObserver observer;
        observer.log = [this](zc::LogLevel level, const std::string& text) { log(level, text); };
        if (options_.common.explain)
            observer.report = [this](const zc::EndReport& said) {
                program_.explain(said.source, said.sink, said.report);
            };
        const auto outcome = zc::run_relay(*left, right, relay_options_, observer);
        constexpr int by_signal = 128;
        if (outcome.signal) return by_signal + *outcome.signal;
        return outcome.failed ? zc::tool::failed : zc::tool::success;
    }

private:
    bool prepare() {
        auto& session = relay_options_.session;
        if (options_.to_right) session.ways = zc::Ways::to_right;
        if (options_.to_left) session.ways = zc::Ways::to_left;
        session.policy = options_.common.policy;
        session.half_closed_limit = milliseconds(options_.half_closed_seconds);
        session.idle_limit = milliseconds(options_.idle_seconds);
        if (options_.ipv4) relay_options_.family = zc::Family::ip4;
        if (options_.ipv6) relay_options_.family = zc::Family::ip6;
        return open_log() && record(options_.record_to_right, session.record_to_right) &&
               record(options_.record_to_left, session.record_to_left);
    }

    bool open_log() {
        if (options_.log_file.empty()) return true;
        auto file = zc::open_file(options_.log_file, zc::OpenFor::appending);
        if (!file) return complain(options_.log_file, file.error());
        log_ = std::move(*file);
        return true;
    }

    bool record(const std::string& path, std::optional<zc::Endpoint>& recording) {
        if (path.empty()) return true;
        auto file = zc::open_file(path, zc::OpenFor::continuing);
        if (!file) return complain(path, file.error());
        auto end = zc::look_at(file->view(), path);
        if (!end) return complain(path, end.error());
        recording = std::move(*end);
        recordings_.push_back(std::move(*file));
        return true;
    }

    std::optional<zc::Address> parsed(const std::string& text) {
        auto address = zc::parse_address(text);
        if (address) return std::move(*address);
        complain(text, address.error());
        return std::nullopt;
    }

    bool complain(const std::string& thing, const zc::Error& error) {
        log(zc::LogLevel::error, thing + ": " + zc::cause(error));
        return false;
    }

    // The levels that -d, -dd, ... ask for; errors and warnings without.
    [[nodiscard]] bool is_logged(zc::LogLevel level) const {
        if (options_.quiet) return level <= zc::LogLevel::error;
        return static_cast<int>(level) <= std::max(2, options_.verbosity + 1);
    }

    void log(zc::LogLevel level, const std::string& text) const {
        if (!is_logged(level)) return;
        const auto line = zc::log_line(std::chrono::system_clock::now(), program_.name(),
                                       zc::own_pid(), level, text);
        (void)zc::write_all(log_.valid() ? log_.view() : zc::FdView(2), line + '\n');
    }

    zc::tool::Program& program_;
    const Options& options_;
    zc::RelayOptions relay_options_;
    std::vector<zc::Fd> recordings_;
    zc::Fd log_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return zc::tool::run_program(socat_spelling(argc, argv),
                                 {"ADDRESS ADDRESS", [&](CLI::App& app) { declare(app, options); }},
                                 [&](zc::tool::Program& program, const zc::tool::Words& words) {
                                     return RelayTool(program, options).run(words);
                                 });
}
