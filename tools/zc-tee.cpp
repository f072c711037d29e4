// zc-tee: tee(1). Options are declared here; libzc does the work.
#include <csignal>
#include <string>
#include <vector>

#include "engine/fanout.hpp"
#include "engine/same_file.hpp"
#include "kernel/file.hpp"
#include "quote.hpp"
#include "tool.hpp"

namespace {

struct Options {
    zc::tool::CommonOptions common;
    bool append = false;
    bool ignore_interrupts = false;
};

void declare(CLI::App& app, Options& options) {
    app.description("Copy standard input to each FILE, and to standard output.");
    app.add_flag("-a,--append", options.append, "append to the FILEs, do not overwrite");
    app.add_flag("-i,--ignore-interrupts", options.ignore_interrupts, "ignore interrupt signals");
    zc::tool::add_common(app, options.common);
}

class Tee {
public:
    Tee(zc::tool::Program& program, const Options& options)
        : program_(program), options_(options) {}

    int run(const zc::tool::Words& words) {
        if (options_.ignore_interrupts) std::signal(SIGINT, SIG_IGN);
        auto source = zc::look_at(zc::FdView(0), "standard input");
        add_sink(zc::look_at(zc::FdView(1), "standard output"), source);
        for (const auto& name : zc::tool::operands_of(words)) open_sink(name, source);
        if (!source) {
            program_.complain("read error", zc::cause(source.error()));
            return program_.status();
        }
        zc::FanoutOptions how;
        how.transfer.policy = options_.common.policy;
        zc::Workspace space;
        const auto report = zc::run_fanout(*source, sinks_, space, how);
        if (options_.common.explain) explain(*source, report);
        tell_errors(report);
        close_sinks(report);
        return program_.status();
    }

private:
    void open_sink(const std::string& name, const zc::Result<zc::Endpoint>& source) {
        const auto purpose = options_.append ? zc::OpenFor::appending : zc::OpenFor::replacing;
        auto file = zc::open_file(name, purpose);
        if (!file) return blame(name, file.error());
        if (add_sink(zc::look_at(file->view(), name), source)) files_.push_back(std::move(*file));
    }

    bool add_sink(zc::Result<zc::Endpoint> sink, const zc::Result<zc::Endpoint>& source) {
        if (!sink) {
            blame(sink.error().subject, sink.error());
            return false;
        }
        if (source && zc::feeds_itself(*source, *sink)) {
            program_.complain(zc::tool::shell_quoted(sink->label), "input file is output file");
            return false;
        }
        sinks_.push_back({std::move(*sink), zc::SinkLoss::others_go_on});
        return true;
    }

    void blame(const std::string& name, const zc::Error& error) {
        program_.complain(zc::tool::shell_quoted(name), zc::cause(error));
    }

    void tell_errors(const zc::FanoutReport& report) {
        if (report.error) program_.complain("read error", zc::cause(*report.error));
        // A reader that left is no error where SIGPIPE is ignored: it would have
        // ended us silently where it is not.
        for (const auto& sink : report.sinks)
            if (sink.error && !zc::means_broken_pipe(*sink.error)) blame(sink.label, *sink.error);
    }

    // Over NFS or a full quota the close tells of a write that was lost.
    void close_sinks(const zc::FanoutReport& report) {
        files_.emplace_back(1);
        for (auto& file : files_) {
            const zc::FdView fd = file.view();
            auto closed = file.close();
            for (std::size_t i = 0; !closed && i < sinks_.size(); ++i)
                if (sinks_[i].end.fd == fd && !report.sinks[i].error)
                    blame(sinks_[i].end.label, closed.error());
        }
    }

    void explain(const zc::Endpoint& source, const zc::FanoutReport& report) const {
        for (std::size_t i = 0; i < sinks_.size(); ++i)
            program_.explain(source, sinks_[i].end, zc::report_of(report, report.sinks[i]));
    }

    zc::tool::Program& program_;
    const Options& options_;
    std::vector<zc::Fd> files_;
    std::vector<zc::FanoutSink> sinks_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return zc::tool::run_program(zc::tool::words_of(argc, argv),
                                 {"[FILE]...", [&](CLI::App& app) { declare(app, options); }},
                                 [&](zc::tool::Program& program, const zc::tool::Words& words) {
                                     return Tee(program, options).run(words);
                                 });
}
