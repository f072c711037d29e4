#include "relay_options.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

namespace zc::tool {
namespace {

constexpr unsigned most_threads_by_default = 4;

void declare_ways(CLI::App& app, RelayFlags& flags) {
    app.add_flag("-u", flags.to_right, "one direction: from the first ADDRESS to the second");
    app.add_flag("-U", flags.to_left, "one direction: from the second ADDRESS to the first")
        ->excludes("-u");
    app.add_option("-t", flags.half_closed_seconds,
                   "end when nothing has moved for this long after one side has ended")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    app.add_option("-T", flags.idle_seconds, "end when nothing has moved for this long")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    app.add_option("-b", flags.buffer_bytes, "read this much at once before a pipe is used")
        ->type_name("BYTES");
    const auto family = [&app, &flags](const char* name, Family which, const char* text) {
        app.add_flag_callback(
            name, [&flags, which] { flags.family = which; }, text);
    };
    family("-4", Family::ip4, "TCP addresses that do not say so are IPv4");
    family("-6", Family::ip6, "TCP addresses that do not say so are IPv6");
    family("-0", Family::any, "TCP addresses that do not say so are either");
    for (const char* name : {"-g", "-s"})
        app.add_flag_callback(
            name, [] {}, "accepted for socat's sake");
}

void declare_seeing(CLI::App& app, RelayFlags& flags) {
    app.add_option("-r", flags.record_to_right, "record what goes to the second ADDRESS")
        ->type_name("FILE");
    app.add_option("-R", flags.record_to_left, "record what goes to the first ADDRESS")
        ->type_name("FILE");
    app.add_flag("-v", flags.dump_text, "show what goes both ways on standard error, as text");
    app.add_flag("-x", flags.dump_hex, "the same in hexadecimal");
    app.add_flag("--statistics", flags.statistics, "log at the end how much went each way");
    app.add_flag("-d", flags.verbosity, "log more: -dd notices, -ddd what happens, -dddd all");
    // CLI11 has no options of two letters; see socat_spelling().
    app.add_flag("--only-errors", flags.quiet)->group("");
    app.add_option("--log-file", flags.log_file)->group("");
    app.add_option("--log-name", flags.log_name)->group("");
    app.add_flag("--log-microseconds", flags.log_microseconds)->group("");
    app.add_flag("--log-host", flags.log_host)->group("");
    app.add_flag("--log-stderr")->group("");
    app.add_option("--syslog", flags.syslog_facility)->group("");
}

void declare_many(CLI::App& app, RelayFlags& flags) {
    const auto balance = [&flags](const std::string& how) {
        const std::map<std::string, Balance> names{{"first", Balance::first},
                                                   {"round-robin", Balance::round_robin},
                                                   {"least", Balance::least}};
        const auto found = names.find(how);
        if (found == names.end())
            throw CLI::ValidationError("--balance", "must be first, round-robin or least");
        flags.balance = found->second;
        flags.balances = true;
    };
    app.add_option_function<std::string>("--balance", balance,
                                         "several second ADDRESSes: first, round-robin or least")
        ->type_name("HOW");
    add_duration(app, "--retry-after", "how long an ADDRESS that refused comes last",
                 [&flags](auto time) { flags.retry_after = time; });
    add_duration(app, "--drain", "how long sessions may go on after SIGTERM",
                 [&flags](auto time) { flags.drain = time; });
    app.add_option("--threads", flags.threads, "event loops with fork; the cores, at most 4")
        ->type_name("N")
        ->check(CLI::Range(1, 1024));
    add_size(app, "--pipe-memory", "memory of all pipes; half of what the user may have",
             [&flags](std::uint64_t bytes) { flags.pipe_memory_bytes = bytes; });
}

void declare_watching(CLI::App& app, RelayFlags& flags) {
    add_size(app, "--rate-limit-total", "move at most so many bytes a second, all together",
             [&flags](std::uint64_t bytes) { flags.total_rate = bytes; });
    app.add_option("--metrics", flags.metrics, "answer GET /metrics there, for Prometheus")
        ->type_name("ADDRESS");
    const auto form = [&flags](const std::string& text) {
        if (text != "text" && text != "json")
            throw CLI::ValidationError("--log-format", "must be text or json");
        flags.log_form = text == "json" ? LogStyle::Form::json : LogStyle::Form::text;
    };
    app.add_option_function<std::string>("--log-format", form,
                                         "the form of the log: text, as socat's, or json")
        ->type_name("FORM");
}

using Rewritten = std::vector<std::string>;

// One word of socat's that CLI11 could not read, in ours; nothing for the others.
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

void declare_relay(CLI::App& app, RelayFlags& flags) {
    app.description("Relay between two ADDRESSes, both ways; see zc-address(7).");
    declare_ways(app, flags);
    declare_seeing(app, flags);
    declare_many(app, flags);
    add_supervision(app, flags.supervisor,
                    {.progress = true, .interval = false, .size = false, .name_rate = false});
    declare_watching(app, flags);
    add_expectations(app, flags.result);
    add_common(app, flags.common);
    app.add_flag("-V", flags.print_features, "print the version and what there is, and exit");
    app.add_flag("--help-all", flags.print_all)->group("");
    app.footer(
        "  -lf FILE                   log to FILE instead of standard error\n"
        "  -lp NAME                   log as NAME\n"
        "  -ls                        log to standard error\n"
        "  -lu                        log microseconds, too\n"
        "  -lh                        log the name of the host, too\n"
        "  -ly[FACILITY]              log to syslog\n"
        "  -hh                        print this help and all addresses, and exit\n");
    app.set_help_flag("-h,--help", "print this help and exit");
    flags.help = [&app] { return app.help(); };
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
    const std::tm local = fmt::localtime(std::chrono::system_clock::to_time_t(now));
    const std::array<std::pair<std::string_view, std::string>, 4> words{
        {{"$$", std::to_string(process)},
         {"$PROGNAME", program},
         {"$TIMESTAMP", fmt::format("{:%Y%m%dT%H%M%S}", local)},
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
