// zc-cat: cat(1). Options are declared here; libzc does the work.
#include <string>
#include <vector>

#include "engine/same_file.hpp"
#include "engine/transfer.hpp"
#include "kernel/file.hpp"
#include "tool.hpp"

namespace {

using zc::Side;

struct Options {
    zc::tool::CommonOptions common;
    std::vector<std::string> operands;
};

void declare(CLI::App& app, Options& options) {
    app.description(
        "Concatenate FILEs to standard output; without one, or with -, read standard "
        "input.");
    zc::tool::add_common(app, options.common);
    app.add_option("FILE", options.operands, "files to copy, in this order");
}

// Everything that outlives one operand: the sink, and one carrier and buffer for all.
class Cat {
public:
    Cat(zc::tool::Program& program, const Options& options)
        : program_(program), options_(options) {}

    int run() {
        auto sink = zc::look_at(zc::FdView(1), "standard output");
        if (!sink) {
            program_.complain(sink.error().subject, zc::cause(sink.error()));
            return program_.status();
        }
        sink_ = std::move(*sink);
        static const std::vector<std::string> standard_input{"-"};
        for (const auto& name : options_.operands.empty() ? standard_input : options_.operands)
            if (!copy_operand(name)) break;
        close_standard_streams();
        return program_.status();
    }

private:
    // Returns false when going on is pointless: the sink has failed.
    bool copy_operand(const std::string& name) {
        zc::Fd file;
        if (name != "-") {
            auto opened = zc::open_file(name, zc::OpenFor::reading);
            if (!opened) return blame_source(name, opened.error());
            file = std::move(*opened);
        } else {
            used_standard_input_ = true;
        }
        auto source = zc::look_at(file.valid() ? file.view() : zc::FdView(0), name);
        if (!source) return blame_source(name, source.error());
        if (zc::feeds_itself(*source, sink_)) {
            program_.complain(zc::tool::shell_quoted(name), "input file is output file");
            return true;
        }
        zc::TransferOptions how;
        how.policy = options_.common.policy;
        const auto report = zc::run_transfer(*source, sink_, space_, how);
        if (options_.common.explain) program_.explain(*source, sink_, report);
        if (!report.error) return true;
        if (report.error->side == Side::source) return blame_source(name, *report.error);
        program_.complain("write error", zc::cause(*report.error));
        return false;
    }

    bool blame_source(const std::string& name, const zc::Error& error) {
        program_.complain(zc::tool::shell_quoted(name), zc::cause(error));
        return true;
    }

    // Over NFS or a full quota the close tells of a write that was lost.
    void close_standard_streams() {
        if (used_standard_input_)
            if (auto closed = zc::Fd(0).close(); !closed)
                program_.complain("closing standard input", zc::cause(closed.error()));
        if (auto closed = zc::Fd(1).close(); !closed && program_.status() == zc::tool::success)
            program_.complain("write error", zc::cause(closed.error()));
    }

    zc::tool::Program& program_;
    const Options& options_;
    zc::Endpoint sink_;
    zc::Workspace space_;
    bool used_standard_input_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return zc::tool::run_program(
        zc::tool::words_of(argc, argv), [&](CLI::App& app) { declare(app, options); },
        [&](zc::tool::Program& program) { return Cat(program, options).run(); });
}
