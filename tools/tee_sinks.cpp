#include "tee_sinks.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <variant>

#include "engine/same_file.hpp"
#include "kernel/file.hpp"
#include "quote.hpp"

namespace zc::tool {

bool TeeSinks::open(const Words& words, const Result<Endpoint>& source) {
    bool all = true;
    if (!options_.no_stdout)
        all = add({}, look_at(FdView(1), "standard output"), source, options_.pace);
    for (const Word& word : words) {
        if (!all && options_.errors_end()) return false;
        if (word.option.empty()) all = open_file(*word.value, source) && all;
        if (word.option == "--to") all = open_address(*word.value, source) && all;
    }
    return all || !options_.errors_end();
}

bool TeeSinks::add(Sink sink, const Result<Endpoint>& end, const Result<Endpoint>& source,
                   const Pace& pace) {
    if (!end) {
        program_.complain(shell_quoted(end.error().subject), cause(end.error()));
        return false;
    }
    sink.end = {*end, {}, pace.slow, pace.slow_after, pace.buffer_bytes, {}};
    sink.end.on_loss = on_loss(sink);
    if (source && feeds_itself(*source, *end)) {
        program_.complain(shown(sink), "input file is output file");
        return false;
    }
    sinks_.push_back(std::move(sink));
    return true;
}

// The old content goes only once it is known that it is not what is read.
bool TeeSinks::open_file(const std::string& name, const Result<Endpoint>& source) {
    if (options_.result.atomic) return open_atomic(name, source);
    Sink sink;
    auto file = zc::open_file(name, options_.append ? OpenFor::appending : OpenFor::rewriting);
    if (!file) return add({}, failure(file.error().about(name)), source, {});
    sink.file = std::move(*file);
    const auto end = look_at(sink.file.view(), name);
    if (end && !options_.append) {
        const bool is_source = source && end->facts.kind == FdKind::regular &&
                               source->facts.device == end->facts.device &&
                               source->facts.inode == end->facts.inode;
        if (is_source && source->facts.size_bytes != 0) {
            program_.complain(shell_quoted(name), "input file is output file");
            return false;
        }
        if (auto emptied = cut(end->fd); !emptied)
            return add({}, failure(emptied.error().about(name)), source, {});
    }
    return add(std::move(sink), end, source, options_.pace);
}

bool TeeSinks::open_atomic(const std::string& name, const Result<Endpoint>& source) {
    Sink sink;
    auto file = AtomicFile::create(name);
    if (!file) return add({}, failure(file.error()), source, {});
    const auto end = look_at(file->file(), name);
    sink.atomic.emplace(std::move(*file));
    return add(std::move(sink), end, source, options_.pace);
}

std::optional<Pace> TeeSinks::pace_of(const Options& given) {
    Pace pace = options_.pace;
    if (const auto* text = given.find(opt::slow)) {
        const auto slow = slow_of(*text);
        if (!slow) {
            program_.complain("slow=" + one_line(*text), "must be block, detach or drop");
            return std::nullopt;
        }
        pace.slow = *slow;
    }
    if (const auto* text = given.find(opt::buffer)) {
        const auto bytes = bytes_of(*text);
        if (!bytes) {
            program_.complain("buffer=" + one_line(*text), "is no size");
            return std::nullopt;
        }
        pace.buffer_bytes = *bytes;
    }
    pace.slow_after = given.get(opt::slow_after, pace.slow_after);
    return pace;
}

bool TeeSinks::open_address(const std::string& text, const Result<Endpoint>& source) {
    const auto address = parse_address(text);
    if (!address) {
        program_.complain(one_line(text), cause(address.error()));
        return false;
    }
    const auto pace = pace_of((address->write ? *address->write : address->read).options);
    if (!pace) return false;
    if (forks(*address)) {
        auto listener = open_listener(*address, {});
        if (listener) entrances_.push_back({std::move(*listener), *pace});
        if (!listener)
            program_.complain(one_line(listener.error().subject), cause(listener.error()));
        return listener.has_value();
    }
    auto stream = open_stream(*address, Use::write, {});
    if (!stream) {
        program_.complain(one_line(stream.error().subject), cause(stream.error()));
        return false;
    }
    Sink sink;
    sink.stream.emplace(std::move(*stream));
    const auto end = look_at(sink.stream->writer(), sink.stream->writer_label());
    return add(std::move(sink), end, source, *pace);
}

SinkLoss TeeSinks::on_loss(const Sink& sink) const {
    switch (options_.output_error) {
        case OutputError::exit: return SinkLoss::ends_all;
        case OutputError::exit_nopipe: return SinkLoss::ends_all_unless_left;
        case OutputError::sigpipe:
            if (dies_of_sigpipe_ && !sink.is_address()) return SinkLoss::ends_all_if_left;
            break;
        case OutputError::warn:
        case OutputError::warn_nopipe: break;
    }
    return SinkLoss::others_go_on;
}

std::vector<FanoutSink> TeeSinks::sinks() const {
    std::vector<FanoutSink> all;
    for (const Sink& sink : sinks_) all.push_back(sink.end);
    return all;
}

std::vector<Door> TeeSinks::doors() {
    std::vector<Door> all;
    for (Entrance& entrance : entrances_)
        all.push_back({entrance.listener.socket(),
                       [this, &entrance](Fanout& fanout) { return let_in(entrance, fanout); }});
    return all;
}

bool TeeSinks::let_in(Entrance& entrance, Fanout& fanout) {
    auto arrival = entrance.listener.accept(Use::write);
    if (!arrival) {
        program_.complain(one_line(entrance.listener.label()), cause(arrival.error()));
        return false;
    }
    auto* accepted = std::get_if<Accepted>(&*arrival);
    if (accepted == nullptr) return true;
    auto stream = std::make_shared<Stream>(std::move(accepted->stream));
    const auto end = look_at(stream->writer(), stream->writer_label());
    const Pace& pace = entrance.pace;
    if (end)
        fanout.join({*end, SinkLoss::others_go_on, pace.slow, pace.slow_after, pace.buffer_bytes,
                     std::move(stream)});
    return true;
}

std::string TeeSinks::shown(const Sink& sink) const {
    const std::string& label = sink.end.end.label;
    return sink.is_address() ? one_line(label) : shell_quoted(label);
}

void TeeSinks::blame(const Sink& sink, const SinkReport& report) {
    const bool left = means_broken_pipe(*report.error);
    if (left && options_.leaving_is_silent()) return;
    // SIGPIPE would have ended us; whose parent ignores it wants to hear nothing.
    if (left && options_.output_error == OutputError::sigpipe && !sink.is_address()) return;
    std::string text = cause(*report.error);
    if (sink.is_address() || report.error->kind == Errc::timed_out)
        text += fmt::format(" (after {} bytes)", report.bytes);
    program_.complain(shown(sink), text, status_of(report.error->kind));
}

void TeeSinks::tell(const Endpoint& source, const FanoutReport& report) {
    if (report.error) program_.complain("read error", *report.error);
    auto told = report.sinks.begin();
    for (const Sink& sink : sinks_) {
        if (options_.common.explain)
            program_.explain(source, sink.end.end, report_of(report, *told));
        if (told->error) blame(sink, *told);
        if (told->missed != 0)
            program_.say(fmt::format("{}: missed {} bytes", shown(sink), told->missed));
        ++told;
    }
}

// Over NFS or a full quota the close tells of a write that was lost.
void TeeSinks::close(const FanoutReport& report) {
    entrances_.clear();
    auto told = report.sinks.begin();
    // All are told of the end before one is waited for: children may wait for each other.
    for (Sink& sink : sinks_) {
        const bool lost = (told++)->error.has_value();
        const auto ended = end_writing(sink);
        if (!ended && !lost) program_.complain(shown(sink), cause(ended.error()));
    }
    told = report.sinks.begin();
    for (Sink& sink : sinks_) {
        const bool lost = (told++)->error.has_value();
        if (!sink.is_address()) continue;
        const auto patience = lost ? std::optional(std::chrono::milliseconds{0}) : std::nullopt;
        if (auto finished = sink.stream->finish(patience); !finished && !lost)
            program_.complain(one_line(finished.error().subject), cause(finished.error()));
    }
    commit();
}

Result<void> TeeSinks::end_writing(Sink& sink) {
    if (sink.is_address()) return sink.stream->end_writing();
    if (sink.atomic) return {};
    const FdView file = sink.file.valid() ? sink.file.view() : FdView(1);
    auto synced = options_.result.fsync ? sync_file(file) : Result<void>();
    if (!sink.file.valid()) sink.file = Fd(1);
    auto closed = sink.file.close();
    return synced ? std::move(closed) : std::move(synced);
}

// All that can fail is done for each before the first takes its place.
void TeeSinks::commit() {
    for (auto step : {&AtomicFile::prepare, &AtomicFile::commit})
        for (Sink& sink : sinks_) {
            if (!sink.atomic || program_.status() != success) continue;
            if (auto done = ((*sink.atomic).*step)(); !done)
                program_.complain(shown(sink), cause(done.error()));
        }
    discard();
}

void TeeSinks::discard() {
    for (Sink& sink : sinks_) sink.atomic.reset();
}

bool TeeSinks::died(const FanoutReport& report) const {
    auto told = report.sinks.begin();
    for (const Sink& sink : sinks_) {
        const auto& error = (told++)->error;
        if (error && sink.end.on_loss == SinkLoss::ends_all_if_left && means_broken_pipe(*error))
            return true;
    }
    return false;
}

}  // namespace zc::tool
