#include "cat_output.hpp"

#include <csignal>
#include <variant>

#include "kernel/file.hpp"
#include "quote.hpp"

namespace zc::tool {

bool CatOutput::open(const std::vector<CatInput>& inputs) {
    if (options_.sink_address) return open_address();
    if (options_.result.atomic) return open_atomic();
    if (options_.output && options_.output != "-") return open_file(inputs);
    return take(look_at(FdView(1), "standard output"));
}

bool CatOutput::take(Result<Endpoint> sink) {
    if (!sink) {
        program_.complain(one_line(sink.error().subject), cause(sink.error()));
        return false;
    }
    sink_ = std::move(*sink);
    return true;
}

bool CatOutput::open_address() {
    const auto address = parse_address(*options_.sink_address);
    if (!address) return take(failure(address.error().about(*options_.sink_address)));
    // A peer that leaves is told as an error: there is no pipeline to end with.
    std::signal(SIGPIPE, SIG_IGN);
    auto stream = open_stream(*address, Use::write, {});
    if (!stream) return take(failure(stream.error()));
    stream_.emplace(std::move(*stream));
    return take(look_at(stream_->writer(), stream_->writer_label()));
}

// The inputs may be what stands there: it stays until the end.
bool CatOutput::open_atomic() {
    auto file = AtomicFile::create(*options_.output);
    auto sink =
        file ? look_at(file->file(), *options_.output) : Result<Endpoint>(failure(file.error()));
    if (!sink) {
        program_.complain(shell_quoted(*options_.output), cause(sink.error()));
        return false;
    }
    atomic_.emplace(std::move(*file));
    sink_ = std::move(*sink);
    return true;
}

void CatOutput::finish_atomic() {
    if (program_.status() != success) return atomic_->discard();
    auto done = atomic_->prepare();
    if (done) done = atomic_->commit();
    if (!done) blame(done.error());
    atomic_->discard();
}

// The old content goes only once it is known that it is no input.
bool CatOutput::open_file(const std::vector<CatInput>& inputs) {
    const auto purpose = options_.append ? OpenFor::appending : OpenFor::rewriting;
    auto file = zc::open_file(*options_.output, purpose);
    auto sink =
        file ? look_at(file->view(), *options_.output) : Result<Endpoint>(failure(file.error()));
    if (!sink) {
        program_.complain(shell_quoted(*options_.output), cause(sink.error()));
        return false;
    }
    file_ = std::move(*file);
    sink_ = std::move(*sink);
    if (options_.append) return true;
    for (const CatInput& input : inputs) {
        if (!is_the_file(input)) continue;
        const auto name = input.address ? one_line(input.text) : shell_quoted(input.text);
        program_.complain(name, "input file is output file");
        return false;
    }
    const auto emptied = cut(sink_.fd);
    if (!emptied) blame(emptied.error());
    return emptied.has_value();
}

bool CatOutput::is_the_file(const CatInput& input) const {
    const FdFacts& file = sink_.facts;
    if (file.kind != FdKind::regular || file.size_bytes == 0) return false;
    const auto is_open_at = [&file](int fd) {
        const auto facts = classify(FdView(fd));
        return facts && facts->device == file.device && facts->inode == file.inode;
    };
    if (!input.address) return input.text == "-" ? is_open_at(0) : leads_to(input.text, file);
    const Target& target = input.address->read.target;
    if (const auto* opened = std::get_if<OpenFile>(&target)) return leads_to(opened->path, file);
    if (const auto* inherited = std::get_if<FdNumber>(&target))
        return is_open_at(inherited->number);
    return std::holds_alternative<Stdio>(target) && is_open_at(0);
}

void CatOutput::blame(const Error& error) {
    failed_ = true;
    program_.complain(name(), error);
}

void CatOutput::reject(const Error& error) {
    failed_ = true;
    const bool is_standard = sink_.fd.number() == 1 && !stream_;
    program_.complain(is_standard ? sink_.label : name(), error);
}

std::string CatOutput::name() const {
    if (stream_) return one_line(sink_.label);
    const bool is_file = options_.output && options_.output != "-";
    return is_file ? shell_quoted(*options_.output) : "write error";
}

// Over NFS or a full quota the close tells of a write that was lost.
void CatOutput::close() {
    if (stream_) return finish_stream();
    if (atomic_) return finish_atomic();
    const bool told = failed_;
    const FdView sink = file_.valid() ? file_.view() : FdView(1);
    const auto synced = options_.result.fsync ? sync_file(sink) : Result<void>();
    if (!synced && !told) blame(synced.error());
    if (!file_.valid()) file_ = Fd(1);
    const auto closed = file_.close();
    if (!closed && synced && !told) blame(closed.error());
}

void CatOutput::finish_stream() {
    const auto ended = stream_->end_writing();
    if (!ended && !failed_) blame(ended.error());
    const auto patience = failed_ ? std::optional(std::chrono::milliseconds{0}) : std::nullopt;
    if (auto finished = stream_->finish(patience); !finished && !failed_)
        program_.complain(one_line(finished.error().subject), cause(finished.error()));
}

}  // namespace zc::tool
