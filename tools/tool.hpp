// What the three programs share: parse -> run -> report -> exit status. The only
// place that prints errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.hpp"
#include "engine/transfer.hpp"
#include "kernel/result.hpp"

namespace zc::tool {

// Exit statuses of all three programs; a signal ends them as usual (128+N).
inline constexpr int success = 0;      // all moved
inline constexpr int failed = 1;       // what cat, tee or socat would call an error
inline constexpr int unexpected = 3;   // the result is not what was expected: size, digest
inline constexpr int out_of_time = 4;  // --timeout or --stall-timeout ran out
[[nodiscard]] int status_of(Errc kind);

// The name the program was called by, without its folder.
class Program {
public:
    explicit Program(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int status() const;

    // Prints `name: thing: cause`, in one write, and makes the status `failed`; of an
    // Error the status is its own. The first status that is not 0 stays.
    void complain(std::string_view thing, std::string_view cause, int status = failed);
    void complain(std::string_view thing, const Error& error);
    // What has been complained of, in order. For any thread.
    [[nodiscard]] std::vector<std::string> told() const;

    // Prints `name: text`, in one write; the status stays.
    void say(std::string_view text) const;

    // The same for a command line that is wrong, with where to look; the status is `failed`.
    int misused(std::string_view text);

    // With --explain: kinds of both ends, bytes by method, demotions and why.
    void explain(const Endpoint& source, const Endpoint& sink, const TransferReport& report) const;

private:
    std::string name_;
    mutable std::mutex mutex_;  // of what follows
    int status_ = success;
    std::vector<std::string> told_;
};

// Adds --explain, --no-cache and --zero-copy.
struct CommonOptions {
    bool explain = false;
    Policy policy;
};

void add_common(OptionTable& table, CommonOptions& options);

// Adds an option that takes bytes: 4096, or with a unit as for dd and pv (K and KiB are
// 1024, KB is 1000, and so for M, G and T).
void add_size(OptionTable& table, const std::string& name, const std::string& text,
              const std::function<void(std::uint64_t)>& store);

// "10M", in capitals or not; nothing when it is no size, or more than there can be.
[[nodiscard]] std::optional<std::uint64_t> bytes_of(const std::string& text);

// Adds an option that takes a time: 10, 0.5, or with a unit 500ms, 30s, 5m, 1h.
void add_duration(OptionTable& table, const std::string& name, const std::string& text,
                  const std::function<void(std::chrono::milliseconds)>& store);

// "1.5s"; nothing when it is no time, or more than a century.
[[nodiscard]] std::optional<std::chrono::milliseconds> duration_of(const std::string& text);

// The whole life of a program.
//
// Takes    the words of the command line, the program's own name first; its
//          options; `run`, which does the work and returns the exit status.
//          It gets the words in their order; what options said is stored.
// Returns  the exit status; a bad option is told as GNU programs do, status 1.
int run_program(std::vector<std::string> words, const Interface& interface,
                const std::function<int(Program&, const Words&)>& run);

// The words as they were given.
[[nodiscard]] inline std::vector<std::string> words_of(int argc, char** argv) {
    return {argv, argv + argc};
}

}  // namespace zc::tool
