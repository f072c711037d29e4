// What zc-relay's command line says.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "relay/relay.hpp"
#include "result.hpp"
#include "supervisor.hpp"

namespace zc::tool {

struct RelayFlags {
    CommonOptions common;
    SupervisorOptions supervisor;
    ResultOptions result;  // of one direction
    std::uint64_t total_rate = 0;
    std::string metrics;
    LogStyle::Form log_form = LogStyle::Form::text;
    bool to_right = false;
    bool to_left = false;
    std::optional<Family> family;
    double half_closed_seconds = -1;
    double idle_seconds = -1;
    std::uint64_t buffer_bytes = 0;
    std::string record_to_right;
    std::string record_to_left;
    bool dump_text = false;
    bool dump_hex = false;
    bool statistics = false;

    int verbosity = 0;
    bool quiet = false;
    std::string log_file;
    std::string log_name;
    bool log_microseconds = false;
    bool log_host = false;
    std::optional<std::string> syslog_facility;

    bool balances = false;  // so that there may be several targets
    Balance balance = Balance::first;
    std::chrono::milliseconds retry_after = limits::target_retry;
    std::chrono::milliseconds drain{0};
    unsigned threads = 0;  // as many as there are cores
    std::optional<std::uint64_t> pipe_memory_bytes;

    bool print_features = false;
    bool print_all = false;
    std::function<std::string()> help;
};

void declare_relay(OptionTable& table, RelayFlags& flags);

// socat's options of two letters and its levels, in a form that getopt_long can read.
[[nodiscard]] std::vector<std::string> socat_spelling(int argc, char** argv);

// What -V prints: which parts of socat are here, as its own -V says it.
[[nodiscard]] std::string features(const std::string& program);

// The name of a recording: `$$` is the process, `$PROGNAME` the program, `$TIMESTAMP`
// the time as 20261123T165826, and `$MICROS` its microseconds.
[[nodiscard]] std::string recording_path(const std::string& name, const std::string& program,
                                         int process, std::chrono::system_clock::time_point now);

// The part of it that the library works with; recordings are still to be opened.
[[nodiscard]] RelayOptions relay_options_of(const RelayFlags& flags);

}  // namespace zc::tool
