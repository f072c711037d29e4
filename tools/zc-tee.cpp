// zc-tee: tee(1). Options are in tee_options.cpp, sinks in tee_sinks.cpp; libzc does the work.
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "engine/fanout.hpp"
#include "engine/workspace.hpp"
#include "kernel/file.hpp"
#include "tee_options.hpp"
#include "tee_sinks.hpp"
#include "tool.hpp"

namespace {

// Returns  whether it would end this process.
bool ignore_sigpipe() { return std::signal(SIGPIPE, SIG_IGN) != SIG_IGN; }

// What has the bytes afterwards.
std::vector<std::string> names_of(const zc::tool::Words& words) {
    std::vector<std::string> names;
    for (const zc::tool::Word& word : words)
        if (word.option.empty()) names.push_back(*word.value);
    if (names.empty()) names.emplace_back("-");
    return names;
}

int run(zc::tool::Program& program, zc::tool::TeeOptions& options, const zc::tool::Words& words) {
    if (options.ignore_interrupts) std::signal(SIGINT, SIG_IGN);
    options.output_error = zc::tool::output_error_of(words);
    const bool sigpipe_ends = ignore_sigpipe();
    const auto source = zc::look_at(zc::FdView(0), "standard input");
    zc::tool::Supervisor supervisor(program, options.supervisor);
    zc::tool::ResultCheck check(options.result);
    zc::tool::TeeSinks sinks(program, options, sigpipe_ends);
    if (const auto ready = check.start(); !ready) {
        program.complain("--digest", ready.error());
        return program.status();
    }
    if (!supervisor.start() || !sinks.open(words, source)) return program.status();
    if (!source) {
        program.complain("read error", zc::cause(source.error()));
        return program.status();
    }
    zc::FanoutOptions how;
    how.transfer.policy = options.common.policy;
    how.transfer.tap = check.tap();
    supervisor.supervise(how.transfer);
    supervisor.expect(zc::bytes_left_in(source->fd));
    how.watch_readers = options.leaving_is_silent();
    how.threads = std::thread::hardware_concurrency();
    zc::Workspace space;
    const auto report = zc::run_fanout(*source, sinks.sinks(), space, how, sinks.doors());
    supervisor.stop();
    sinks.tell(*source, report);
    if (supervisor.wants_stats()) supervisor.add(zc::stats_of(*source, report, sinks.sinks()));
    if (program.status() == zc::tool::success)
        if (const auto wrong = check.wrong(report.bytes))
            program.complain("standard input", *wrong);
    if (sinks.died(report)) {
        sinks.discard();
        std::signal(SIGPIPE, SIG_DFL);
        (void)std::raise(SIGPIPE);
    }
    sinks.close(report);
    if (auto digest = check.digest()) supervisor.add(std::move(*digest));
    if (program.status() == zc::tool::success)
        if (const auto published = check.publish(names_of(words)); !published)
            program.complain(check.place(), published.error());
    supervisor.sum_up();
    return program.status();
}

}  // namespace

int main(int argc, char** argv) {
    zc::tool::TeeOptions options;
    return zc::tool::run_program(
        zc::tool::words_of(argc, argv),
        {"[FILE]...", [&](auto& table) { zc::tool::declare_tee(table, options); }},
        [&](zc::tool::Program& program, const zc::tool::Words& words) {
            return run(program, options, words);
        });
}
