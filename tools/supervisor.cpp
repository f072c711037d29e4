#include "supervisor.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "kernel/process.hpp"
#include "quote.hpp"

namespace zc::tool {
namespace {

constexpr FdView terminal{2};

template <class Enum>
Enum chosen(const std::string& option, const std::string& text,
            const std::vector<std::pair<std::string, Enum>>& names, const char* must) {
    for (const auto& [name, value] : names)
        if (text == name) return value;
    throw BadValue(option, must);
}

void add_progress(OptionTable& table, SupervisorOptions& options, PvLetters letters) {
    if (letters.progress)
        table.flag(
            "-p", [&] { options.progress = ShowProgress::on_terminal; },
            "show progress on a terminal");
    const auto when = [&options](const std::string& text) {
        options.progress = chosen<ShowProgress>("--progress", text,
                                                {{"", ShowProgress::on_terminal},
                                                 {"auto", ShowProgress::on_terminal},
                                                 {"always", ShowProgress::always},
                                                 {"never", ShowProgress::never}},
                                                "must be auto, always or never");
    };
    table.value("--progress[=WHEN]", when, "show progress: auto (on a terminal), always or never");
    add_duration(table, letters.interval ? "-i,--interval" : "--interval",
                 "how often progress is shown (1)", [&options](auto time) {
                     options.interval = std::max(time, std::chrono::milliseconds{10});
                 });
    add_size(table, letters.size ? "-s,--size" : "--size", "how much there will be in all",
             [&options](std::uint64_t bytes) { options.size = bytes; });
    table.value(letters.name_rate ? "-N,--name=NAME" : "--name=NAME", options.name,
                "what the progress line calls it");
}

void add_stats(OptionTable& table, SupervisorOptions& options) {
    const auto how = [&options](const std::string& text) {
        options.stats = chosen<ShowStats>(
            "--stats", text,
            {{"", ShowStats::text}, {"text", ShowStats::text}, {"json", ShowStats::json}},
            "must be text or json");
    };
    table.value("--stats[=FORM]", how, "sum up at the end, and on SIGUSR1: text or json");
    table.value("--stats-file=FILE", options.stats_file, "write that to FILE");
}

// "10M", or a number and a unit of pv's; nothing when it is no rate.
std::optional<std::uint64_t> rate_of(const std::string& text) {
    const auto bytes = bytes_of(text);
    return bytes && *bytes != 0 ? bytes : std::nullopt;
}

}  // namespace

void add_supervision(OptionTable& table, SupervisorOptions& options, PvLetters letters) {
    add_progress(table, options, letters);
    add_stats(table, options);
    const char* rate_name = letters.name_rate ? "-L,--rate-limit=RATE" : "--rate-limit=RATE";
    const auto take_rate = [&options](const std::string& text) {
        options.rate = rate_of(text);
        if (!options.rate)
            throw BadValue("--rate-limit", fmt::format("'{}' is no rate; 500K and 10M are", text));
    };
    table.value(rate_name, take_rate, "move at most RATE bytes a second");
    table.value("--rate-file=FILE", options.rate_file, "read the rate from FILE, again on SIGHUP");
    add_duration(table, "--stall-timeout",
                 "end when nothing has moved for this long: exit status 4",
                 [&options](auto time) { options.bounds.stall = time; });
    add_duration(table, "--timeout", "end after this long: exit status 4",
                 [&options](auto time) { options.bounds.total = time; });
}

// With none of the options nothing costs anything: transfers sleep in the kernel.
bool Supervisor::watches() const {
    return options_.progress != ShowProgress::never || options_.stats != ShowStats::never ||
           !options_.rate_file.empty();
}

bool Supervisor::start(Hears hears) {
    bytes_a_second_ = options_.rate.value_or(0);
    if (!options_.rate_file.empty() && !read_rate()) return false;
    if (bytes_a_second_ != 0) rate_.emplace(bytes_a_second_);
    if (options_.bounds.stall || options_.bounds.total) patience_.emplace(options_.bounds);
    const auto facts = classify(terminal);
    on_terminal_ = facts && facts->kind == FdKind::terminal;
    if (!watches()) return true;
    const bool shows = options_.progress == ShowProgress::always ||
                       (options_.progress == ShowProgress::on_terminal && on_terminal_);
    std::vector<int> signals;
    if (shows) signals.push_back(SIGWINCH);
    const bool hears_all = hears == Hears::all;
    if (hears_all && (shows || wants_stats())) signals.push_back(SIGUSR1);
    if (hears_all && !options_.rate_file.empty()) signals.push_back(SIGHUP);
    if (signals.empty()) return true;
    ObserverTasks tasks;
    tasks.interval = options_.interval;
    if (shows) tasks.at_interval = [this] { show_progress(); };
    tasks.at_signal = [this](int signal) { take_signal(signal); };
    auto observer = Observer::start(signals, std::move(tasks));
    if (!observer) {
        program_.complain("progress", cause(observer.error()));
        return false;
    }
    observer_.emplace(std::move(*observer));
    return true;
}

void Supervisor::supervise(TransferOptions& options) {
    options.supervision.rate = rate_ ? &*rate_ : nullptr;
    options.supervision.patience = patience_ ? &*patience_ : nullptr;
    if (watches()) options.supervision.gauge = &gauge_;
    // Who sleeps in the kernel cannot look at the clock.
    if (patience_) options.waiting = Waiting::by_poll;
}

// One number; what follows on its line is for people.
bool Supervisor::read_rate() {
    const auto text = read_file(options_.rate_file, 100);
    if (!text) {
        program_.complain(shell_quoted(options_.rate_file), cause(text.error()));
        return false;
    }
    const auto rate = rate_of(text->substr(0, text->find_first_of(" \t\r\n")));
    if (!rate) {
        program_.complain(shell_quoted(options_.rate_file), "holds no rate; 500K and 10M are");
        return false;
    }
    bytes_a_second_ = *rate;
    return true;
}

void Supervisor::take_signal(int signal) {
    if (signal == SIGWINCH) return show_progress();
    if (signal == SIGUSR1) return tell_state();
    change_rate();
}

void Supervisor::change_rate() {
    if (!options_.rate_file.empty()) (void)read_rate();
}

void Supervisor::show_progress() {
    const auto now = Clock::now();
    ProgressLook look;
    look.name = options_.name.empty() ? "" : one_line(options_.name);
    look.bytes = gauge_.bytes();
    look.size = options_.size ? options_.size : known_size_;
    look.elapsed = now - began_;
    look.interval = now - looked_before_;
    looked_before_ = now;
    look.still = now - gauge_.moved_at();
    if (look_) look_(look);
    look.bytes_before = std::exchange(bytes_before_, look.bytes);
    const bool rewrites = on_terminal_ && options_.progress == ShowProgress::on_terminal;
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    const auto columns = rewrites ? terminal_columns(terminal).value_or(80) - 1 : 0;
    const auto line = progress_line(look, columns, rewrites && !plain ? Colour::yes : Colour::no);
    (void)write_all(terminal, rewrites ? "\r" + line + "\033[K" : line + "\n");
    shown_ = rewrites;
}

void Supervisor::add(TransferStats done) {
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(done));
}

RunStats Supervisor::stats(bool running) {
    const std::lock_guard lock(mutex_);
    RunStats all;
    all.program = program_.name();
    all.running = running;
    all.transfers = done_;
    ProgressLook look;
    look.bytes = gauge_.bytes();
    if (look_) look_(look);
    all.bytes = look.bytes;
    all.elapsed = Clock::now() - began_;
    all.cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    // A relay has many streams; of them none is the one that stalls.
    if (!look_) all.stalled = gauge_.stalled();
    all.digest = digest_;
    all.errors = program_.told();
    all.exit_status = status_.value_or(program_.status());
    return all;
}

void Supervisor::write_stats(const RunStats& stats) {
    const bool json = options_.stats == ShowStats::json;
    const std::string text = json ? stats_json(stats) : stats_text(stats);
    if (shown_) (void)write_all(terminal, "\r\033[K");
    shown_ = false;
    if (options_.stats_file.empty()) {
        (void)write_all(terminal, text);
        return;
    }
    if (const auto written = write_file(options_.stats_file, text); !written)
        program_.complain(shell_quoted(options_.stats_file), cause(written.error()));
}

void Supervisor::stop() {
    if (!observer_) return;
    observer_->stop();
    observer_.reset();
    if (std::exchange(shown_, false)) (void)write_all(terminal, "\r\033[K");
}

void Supervisor::sum_up(int status) {
    status_ = status;
    sum_up();
}

void Supervisor::sum_up() {
    stop();
    if (wants_stats()) write_stats(stats(false));
}

}  // namespace zc::tool
