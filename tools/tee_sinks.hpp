// Where zc-tee writes: standard output, files, and what addresses lead to.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "address/open.hpp"
#include "engine/fanout.hpp"
#include "kernel/atomic_file.hpp"
#include "tee_options.hpp"

namespace zc::tool {

// Owns    files, streams, their children and listeners, until close().
// Errors  all are told by the Program.
class TeeSinks {
public:
    TeeSinks(Program& program, const TeeOptions& options, bool dies_of_sigpipe)
        : program_(program), options_(options), dies_of_sigpipe_(dies_of_sigpipe) {}

    // Opens all that is named, in order.
    //
    // Takes    the source, if it could be looked at: a file that is written keeps
    //          its content when it is the one that is read.
    // Returns  false when nothing is to be done any more.
    [[nodiscard]] bool open(const Words& words, const Result<Endpoint>& source);

    [[nodiscard]] std::vector<FanoutSink> sinks() const;
    [[nodiscard]] std::vector<Door> doors();

    // Tells what became of the sinks; the report has them in the order of sinks().
    void tell(const Endpoint& source, const FanoutReport& report);

    // Passes the end on; waits for children. Atomic files take their places, if nothing
    // has been complained of.
    void close(const FanoutReport& report);
    // Leaves atomic files where they are.
    void discard();

    // Standard output, or a FILE, lost its reader: what SIGPIPE is for.
    [[nodiscard]] bool died(const FanoutReport& report) const;

private:
    struct Sink {
        FanoutSink end;
        Fd file;
        std::optional<AtomicFile> atomic;
        std::optional<Stream> stream;
        [[nodiscard]] bool is_address() const { return stream.has_value(); }
    };
    struct Entrance {
        Listener listener;
        Pace pace;
    };

    [[nodiscard]] bool open_file(const std::string& name, const Result<Endpoint>& source);
    [[nodiscard]] bool open_address(const std::string& text, const Result<Endpoint>& source);
    [[nodiscard]] bool add(Sink sink, const Result<Endpoint>& end, const Result<Endpoint>& source,
                           const Pace& pace);
    [[nodiscard]] std::optional<Pace> pace_of(const Options& given);
    [[nodiscard]] bool let_in(Entrance& entrance, Fanout& fanout);
    [[nodiscard]] SinkLoss on_loss(const Sink& sink) const;
    [[nodiscard]] std::string shown(const Sink& sink) const;
    void blame(const Sink& sink, const SinkReport& report);
    [[nodiscard]] bool open_atomic(const std::string& name, const Result<Endpoint>& source);
    [[nodiscard]] Result<void> end_writing(Sink& sink);
    void commit();

    Program& program_;
    const TeeOptions& options_;
    bool dies_of_sigpipe_;
    std::list<Sink> sinks_;
    std::list<Entrance> entrances_;
};

}  // namespace zc::tool
