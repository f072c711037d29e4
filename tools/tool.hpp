// What the three programs share: parse -> run -> report -> exit status. The only
// place that prints errors.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/transfer.hpp"
#include "kernel/result.hpp"

namespace zc::tool {

// Exit statuses of all three programs; a signal ends them as usual.
inline constexpr int success = 0;
inline constexpr int failed = 1;

// The name the program was called by, without its folder.
class Program {
public:
    explicit Program(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int status() const { return status_; }

    // Prints `name: thing: cause`, in one write, and makes the status `failed`.
    void complain(std::string_view thing, std::string_view cause);

    // Prints `name: text`, in one write; the status stays.
    void say(std::string_view text) const;

    // With --explain: kinds of both ends, bytes by method, demotions and why.
    void explain(const Endpoint& source, const Endpoint& sink, const TransferReport& report) const;

private:
    std::string name_;
    int status_ = success;
};

// A file name as shells and GNU programs show it: quoted when it needs to be.
[[nodiscard]] std::string shell_quoted(std::string_view name);

// Adds --explain, --zero-copy, --help and --version.
struct CommonOptions {
    bool explain = false;
    Policy policy;
};
void add_common(CLI::App& app, CommonOptions& options);

// The whole life of a program.
//
// Takes    the words of the command line, the program's own name first;
//          `declare`, which adds options to the CLI::App; `run`, which does the
//          work and returns the exit status.
// Returns  the exit status; a bad option is told as GNU programs do, status 1.
int run_program(std::vector<std::string> words, const std::function<void(CLI::App&)>& declare,
                const std::function<int(Program&)>& run);

// The words as they were given.
[[nodiscard]] inline std::vector<std::string> words_of(int argc, char** argv) {
    return {argv, argv + argc};
}

}  // namespace zc::tool
