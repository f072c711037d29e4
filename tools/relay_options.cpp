#include "relay_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

namespace zc::tool {
namespace {

constexpr unsigned most_threads_by_default = 4;

void declare_ways(OptionTable& table, RelayFlags& flags) {
    table.flag("-u", flags.to_right, "one direction: from the first ADDRESS to the second");
    table.flag("-U", flags.to_left, "one direction: from the second ADDRESS to the first");
    table.exclude("-U", "-u");
    table.seconds("-t=SECONDS", flags.half_closed_seconds,
                  "end when nothing has moved for this long after one side has ended");
    table.seconds("-T=SECONDS", flags.idle_seconds, "end when nothing has moved for this long");
    table.number("-b=BYTES", flags.buffer_bytes, "read this much at once before a pipe is used");
    const auto family = [&table, &flags](const char* name, Family which, const char* text) {
        table.flag(
            name, [&flags, which] { flags.family = which; }, text);
    };
    family("-4", Family::ip4, "TCP addresses that do not say so are IPv4");
    family("-6", Family::ip6, "TCP addresses that do not say so are IPv6");
    family("-0", Family::any, "TCP addresses that do not say so are either");
    for (const char* name : {"-g", "-s"})
        table.flag(
            name, [] {}, "accepted for socat's sake");
}

void declare_seeing(OptionTable& table, RelayFlags& flags) {
    table.value("-r=FILE", flags.record_to_right, "record what goes to the second ADDRESS");
    table.value("-R=FILE", flags.record_to_left, "record what goes to the first ADDRESS");
    table.flag("-v", flags.dump_text, "show what goes both ways on standard error, as text");
    table.flag("-x", flags.dump_hex, "the same in hexadecimal");
    table.flag("--statistics", flags.statistics, "log at the end how much went each way");
    table.count("-d", flags.verbosity, "log more: -dd notices, -ddd what happens, -dddd all");
    // socat's of two letters; see socat_spelling().
    table.flag("--only-errors", flags.quiet);
    table.value("--log-file=FILE", flags.log_file);
    table.value("--log-name=NAME", flags.log_name);
    table.flag("--log-microseconds", flags.log_microseconds);
    table.flag("--log-host", flags.log_host);
    table.flag("--log-stderr", [] {});
    table.value("--syslog=FACILITY",
                [&flags](const std::string& name) { flags.syslog_facility = name; });
}

void declare_many(OptionTable& table, RelayFlags& flags) {
    const auto balance = [&flags](const std::string& how) {
        const std::map<std::string, Balance> names{{"first", Balance::first},
                                                   {"round-robin", Balance::round_robin},
                                                   {"least", Balance::least}};
        const auto found = names.find(how);
        if (found == names.end())
            throw BadValue("--balance", "must be first, round-robin or least");
        flags.balance = found->second;
        flags.balances = true;
    };
    table.value("--balance=HOW", balance, "several second ADDRESSes: first, round-robin or least");
    add_duration(table, "--retry-after", "how long an ADDRESS that refused comes last",
                 [&flags](auto time) { flags.retry_after = time; });
    add_duration(table, "--drain", "how long sessions may go on after SIGTERM",
                 [&flags](auto time) { flags.drain = time; });
    table.number("--threads=N", flags.threads, {1, 1024},
                 "event loops with fork; the cores, at most 4");
    add_size(table, "--pipe-memory", "memory of all pipes; half of what the user may have",
             [&flags](std::uint64_t bytes) { flags.pipe_memory_bytes = bytes; });
}

void declare_watching(OptionTable& table, RelayFlags& flags) {
    add_size(table, "--rate-limit-total", "move at most so many bytes a second, all together",
             [&flags](std::uint64_t bytes) { flags.total_rate = bytes; });
    table.value("--metrics=ADDRESS", flags.metrics, "answer GET /metrics there, for Prometheus");
    const auto form = [&flags](const std::string& text) {
        if (text != "text" && text != "json")
            throw BadValue("--log-format", "must be text or json");
        flags.log_form = text == "json" ? LogStyle::Form::json : LogStyle::Form::text;
    };
    table.value("--log-format=FORM", form, "the form of the log: text, as socat's, or json");
}

using Rewritten = std::vector<std::string>;

// One word of socat's that getopt_long could not read, in ours; nothing for the others.
std::optional<Rewritten> rewritten(const std::string& word) {
    static const std::map<std::string_view, const char*> whole{{"-lu", "--log-microseconds"},
                                                               {"-lh", "--log-host"},
                                                               {"-ls", "--log-stderr"},
                                                               {"-d0", "--only-errors"},
                                                               {"-hh", "--help-all"},
                                                               {"-hhh", "--help-all"},
                                                               {"-?", "--help"},
                                                               {"-??", "--help-all"}};
    if (const auto found = whole.find(word); found != whole.end()) return {{found->second}};
    const std::string rest = word.size() > 3 ? word.substr(3) : "";
    for (const auto& [two, ours] : {std::pair{"-lf", "--log-file"}, std::pair{"-lp", "--log-name"}})
        if (word.starts_with(two))
            return rest.empty() ? Rewritten{ours} : Rewritten{std::string(ours) + "=" + rest};
    if (word.starts_with("-ly")) return {{"--syslog=" + (rest.empty() ? "daemon" : rest)}};
    if (word.size() == 3 && word.starts_with("-d") && word[2] >= '1' && word[2] <= '4')
        return {{"-" + std::string(static_cast<std::size_t>(word[2] - '0'), 'd')}};
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> milliseconds(double seconds) {
    if (seconds < 0) return std::nullopt;
    // More than a century is for ever, and fits every clock.
    constexpr double most = 100.0 * 366 * 24 * 3600;
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds, most) * 1000));
}

}  // namespace

void declare_relay(OptionTable& table, RelayFlags& flags) {
    table.description("Relay between two ADDRESSes, both ways; see zc-address(7).");
    declare_ways(table, flags);
    declare_seeing(table, flags);
    declare_many(table, flags);
    add_supervision(table, flags.supervisor,
                    {.progress = true, .interval = false, .size = false, .name_rate = false});
    declare_watching(table, flags);
    add_expectations(table, flags.result);
    add_common(table, flags.common);
    table.flag("-V", flags.print_features, "print the version and what there is, and exit");
    table.flag("--help-all", flags.print_all);
    table.footer(
        "  -lf FILE                   log to FILE instead of standard error\n"
        "  -lp NAME                   log as NAME\n"
        "  -ls                        log to standard error\n"
        "  -lu                        log microseconds, too\n"
        "  -lh                        log the name of the host, too\n"
        "  -ly[FACILITY]              log to syslog\n"
        "  -hh                        print this help and all addresses, and exit\n");
    table.help_names("-h,--help");
    flags.help = [&table] { return table.help(); };
}

std::vector<std::string> socat_spelling(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 0; i < argc; ++i) {
        const std::string word = argv[i];
        auto ours = i == 0 ? std::nullopt : rewritten(word);
        if (!ours)
            words.push_back(word);
        else
            words.insert(words.end(), ours->begin(), ours->end());
    }
    return words;
}

std::string features(const std::string& program) {
    std::string text =
        fmt::format("{0} of the zc suite\n{0} version {1}\nfeatures:\n", program, ZC_VERSION);
    for (const char* here :
         {"STDIO", "FDNUM", "FILE", "CREAT", "GOPEN", "PIPE", "UNIX", "ABSTRACT_UNIXSOCKET", "IP4",
          "IP6", "TCP", "LISTEN", "EXEC", "SYSTEM", "SHELL", "NAMESPACES", "STATS"})
        text += fmt::format("  #define WITH_{} 1\n", here);
    for (const char* away :
         {"TERMIOS", "SOCKETPAIR", "RAWIP",   "GENERICSOCKET", "INTERFACE", "UDP",
          "SCTP",    "DCCP",       "UDPLITE", "POSIXMQ",       "SOCKS4",    "SOCKS4A",
          "SOCKS5",  "VSOCK",      "PROXY",   "READLINE",      "TUN",       "PTY",
          "OPENSSL", "FIPS",       "LIBWRAP", "FILAN"})
        text += fmt::format("  #undef WITH_{}\n", away);
    return text;
}

std::string recording_path(const std::string& name, const std::string& program, int process,
                           std::chrono::system_clock::time_point now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - seconds);
    const auto since = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    ::localtime_r(&since, &local);
    std::array<char, 32> stamp{};
    (void)std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%S", &local);
    const std::array<std::pair<std::string_view, std::string>, 4> words{
        {{"$$", std::to_string(process)},
         {"$PROGNAME", program},
         {"$TIMESTAMP", stamp.data()},
         {"$MICROS", fmt::format("{:06}", micros.count())}}};
    std::string path;
    for (std::string_view rest = name; !rest.empty();) {
        const auto word = std::find_if(words.begin(), words.end(), [rest](const auto& each) {
            return rest.starts_with(each.first);
        });
        path += word == words.end() ? std::string(1, rest.front()) : word->second;
        rest.remove_prefix(word == words.end() ? 1 : word->first.size());
    }
    return path;
}

RelayOptions relay_options_of(const RelayFlags& flags) {
    RelayOptions options;
    SessionOptions& session = options.session;
    if (flags.to_right) session.ways = Ways::to_right;
    if (flags.to_left) session.ways = Ways::to_left;
    session.policy = flags.common.policy;
    session.half_closed_limit = milliseconds(flags.half_closed_seconds);
    if (flags.idle_seconds != 0) session.idle_limit = milliseconds(flags.idle_seconds);
    session.stall_limit = flags.supervisor.bounds.stall;
    session.total_limit = flags.supervisor.bounds.total;
    options.family = flags.family;
    options.balance = flags.balance;
    options.retry_after = flags.retry_after;
    options.drain = flags.drain;
    options.threads = flags.threads != 0 ? flags.threads
                                         : std::clamp(std::thread::hardware_concurrency(), 1U,
                                                      most_threads_by_default);
    constexpr std::uint64_t largest_buffer = 64 * 1024 * 1024;
    if (flags.buffer_bytes != 0)
        options.buffer_bytes =
            static_cast<std::size_t>(std::min(flags.buffer_bytes, largest_buffer));
    if (flags.pipe_memory_bytes)
        options.pipe_memory_bytes = static_cast<std::size_t>(*flags.pipe_memory_bytes);
    return options;
}

}  // namespace zc::tool
