// Watching, bounding and summing up what a program does: --progress, --stats,
// --rate-limit, --stall-timeout, --timeout, in all three programs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "report/observer.hpp"
#include "report/progress.hpp"
#include "report/stats.hpp"
#include "tool.hpp"

namespace zc::tool {

enum class ShowProgress : std::uint8_t { never, on_terminal, always };
enum class ShowStats : std::uint8_t { never, text, json };

struct SupervisorOptions {
    ShowProgress progress = ShowProgress::never;
    std::chrono::milliseconds interval{1000};
    std::optional<std::uint64_t> size;
    std::string name;
    ShowStats stats = ShowStats::never;
    std::string stats_file;
    std::optional<std::uint64_t> rate;
    std::string rate_file;
    Bounds bounds;
};

// Which letters a program has free for pv's.
struct PvLetters {
    bool progress = true;   // -p
    bool interval = true;   // -i
    bool size = true;       // -s
    bool name_rate = true;  // -N, -L
};
void add_supervision(OptionTable& table, SupervisorOptions& options, PvLetters letters);

// Owns    the thread that shows the progress line and answers SIGUSR1.
class Supervisor {
public:
    Supervisor(Program& program, const SupervisorOptions& options)
        : program_(program), options_(options) {}
    ~Supervisor() { stop(); }

    // Who hears SIGUSR1 and SIGHUP: this, or the caller, who passes them on.
    enum class Hears : std::uint8_t { all, not_the_callers };

    // Begins to watch. Order: before there are other threads.
    //
    // Returns  false when it cannot, which is told.
    [[nodiscard]] bool start(Hears hears = Hears::all);
    // What SIGUSR1 asks for, and SIGHUP; for any thread.
    void tell_state() { write_stats(stats(true)); }
    void change_rate();

    // Counts what there is to be seen in another way than by the gauge.
    void look_by(std::function<void(ProgressLook&)> look) { look_ = std::move(look); }
    // The rate as it is now; 0 without one.
    [[nodiscard]] const std::atomic<std::uint64_t>& rate() const { return bytes_a_second_; }

    // What transfers are to be told. With nothing to supervise it is empty, and they may
    // sleep in the kernel.
    void supervise(TransferOptions& options);

    // How much the whole input is, as far as that is known before it is read.
    void expect(std::optional<std::uint64_t> bytes) { known_size_ = bytes; }

    // What has been done; for the stats.
    [[nodiscard]] bool watches() const;
    [[nodiscard]] bool wants_stats() const { return options_.stats != ShowStats::never; }
    void add(TransferStats done);
    void add(DigestStats digest) { digest_ = std::move(digest); }

    // Ends watching, and takes the progress line away.
    void stop();
    // Writes the stats; last of all, since it tells the exit status.
    void sum_up();
    void sum_up(int status);  // where the Program does not know it

    [[nodiscard]] const Gauge& gauge() const { return gauge_; }

private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] bool read_rate();
    void show_progress();
    void take_signal(int signal);
    [[nodiscard]] RunStats stats(bool running);
    std::optional<int> status_;
    void write_stats(const RunStats& stats);

    Program& program_;
    const SupervisorOptions& options_;
    Gauge gauge_;
    std::atomic<std::uint64_t> bytes_a_second_ = 0;
    std::optional<RateLimit> rate_;
    std::optional<Patience> patience_;
    std::optional<Observer> observer_;
    std::optional<std::uint64_t> known_size_;
    std::function<void(ProgressLook&)> look_;
    Clock::time_point began_ = Clock::now();
    bool on_terminal_ = false;
    bool shown_ = false;  // a line that is to be rewritten stands on the terminal
    std::uint64_t bytes_before_ = 0;
    Clock::time_point looked_before_ = began_;
    std::mutex mutex_;  // of what follows
    std::vector<TransferStats> done_;
    std::optional<DigestStats> digest_;
};

}  // namespace zc::tool
