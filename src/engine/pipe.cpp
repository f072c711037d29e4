// A pipe of a program's, with two ends that are closed from anywhere.
//
// An end is a descriptor, and how many calls use it now. Closing it asks those to stop and
// leaves the close(2) to the last of them: a descriptor's number is never another file's
// while somebody still polls it.
//
// The copy (tee). tee(2) has no memory: it begins at the oldest byte in the pipe each time.
// `copied` is how many bytes at the front have been given to the copy and not yet been read.
// 1. Nothing is teed while that is not 0.
// 2. Nobody takes more from the pipe than that.
// So a short tee, and a short read or splice after it, miss and repeat nothing.
#include "engine/pipe.hpp"

#include <algorithm>
#include <atomic>
#include <utility>
#include <variant>
#include <vector>

#include "engine/pipe_end.hpp"
#include "engine/workspace.hpp"
#include "kernel/limits.hpp"
#include "kernel/private_pipe.hpp"
#include "kernel/stop.hpp"
#include "kernel/sys.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

// What is told by somebody who does not know the side.
Error on_side(const Error& error, Side side) {
    return error.side == Side::unknown ? error.at(side) : error;
}

// Writes all of it.
Result<void> write_whole(const WriteFunction& write, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto took = write(bytes);
        if (!took) return failure(took.error());
        if (*took == 0) return failure(Error::stuck());
        bytes = bytes.subspan(std::min(*took, bytes.size()));
    }
    return {};
}

std::size_t least(std::size_t bytes, std::optional<std::uint64_t> limit) {
    return limit ? static_cast<std::size_t>(std::min<std::uint64_t>(bytes, *limit)) : bytes;
}

// Through memory, until the source ends or so much has been moved.
TransferReport pump(const ReadFunction& read, const WriteFunction& write,
                    std::optional<std::uint64_t> limit) {
    TransferReport report;
    std::vector<std::byte> buffer(limits::buffer_bytes);
    while (limit != report.taken) {
        const auto left = limit ? std::optional(*limit - report.taken) : std::nullopt;
        const std::span room(buffer.data(), least(buffer.size(), left));
        const auto got = read(room);
        if (!got) report.error = on_side(got.error(), Side::source);
        if (!got || *got == 0) break;
        report.taken += *got;
        if (auto written = write_whole(write, room.first(*got)); !written) {
            report.error = on_side(written.error(), Side::sink);
            break;
        }
        report.bytes += *got;
    }
    report.bytes_by[static_cast<std::size_t>(Method::copy)] = report.bytes;
    return report;
}

TransferReport failed(const Error& error, Side side) {
    TransferReport report;
    report.error = on_side(error, side);
    return report;
}

}  // namespace

struct Pipe::State {
    State(Fd read_end, StopSource read_stop, Fd write_end, StopSource write_stop, std::size_t bytes)
        : reader(std::move(read_end), std::move(read_stop)),
          writer(std::move(write_end), std::move(write_stop)),
          capacity(bytes) {}

    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> into);
    [[nodiscard]] Result<void> write(std::span<const std::byte> from);
    [[nodiscard]] Result<std::size_t> copy_ahead(State& to, std::size_t most);
    [[nodiscard]] TransferReport give_and_show(const Endpoint& from, const Endpoint& to,
                                               TransferOptions how, const WriteFunction& write);
    [[nodiscard]] TransferReport give(FdView sink, std::optional<std::uint64_t> limit,
                                      const Policy& policy, const StopToken& sink_stop);

    PipeEnd reader;
    PipeEnd writer;
    std::atomic<std::size_t> capacity;
    std::variant<std::monostate, std::shared_ptr<State>, WriteFunction> copy;
    std::size_t copied = 0;  // at the front, and not yet read
    Workspace space;         // of who reads
    Workspace write_space;   // of who writes
};

Pipe::Pipe(std::shared_ptr<State> state) : state_(std::move(state)) {}
Pipe::Pipe(Pipe&& other) noexcept = default;

Pipe& Pipe::operator=(Pipe&& other) noexcept {
    // Another pipe may keep the state, as its copy; it is closed all the same.
    if (state_ != nullptr && state_ != other.state_) (void)close();
    state_ = std::move(other.state_);
    return *this;
}

Pipe::~Pipe() {
    if (state_ != nullptr) (void)close();
}

Result<Pipe> Pipe::create(std::size_t capacity) {
    auto ends = sys::make_pipe();
    auto read_stop = StopSource::create();
    auto write_stop = StopSource::create();
    if (!ends) return failure(ends.error());
    if (!read_stop || !write_stop)
        return failure(read_stop ? write_stop.error() : read_stop.error());
    for (const Fd* end : {&ends->read_end, &ends->write_end})
        if (auto set = sys::set_not_blocking(end->view()); !set) return failure(set.error());
    const std::size_t granted = grow_pipe(ends->write_end.view(), capacity);
    return Pipe(std::make_shared<State>(std::move(ends->read_end), std::move(*read_stop),
                                        std::move(ends->write_end), std::move(*write_stop),
                                        granted != 0 ? granted : limits::page_bytes));
}

std::size_t Pipe::capacity() const { return state_->capacity; }

Result<std::size_t> Pipe::set_capacity(std::size_t bytes) {
    const EndUse use(state_->writer);
    if (!use.valid()) return failure(closed());
    auto granted = sys::set_pipe_capacity(state_->writer.fd(), bytes);
    if (granted) state_->capacity = *granted;
    return granted;
}

FdView Pipe::read_end() const { return state_->reader.fd(); }
FdView Pipe::write_end() const { return state_->writer.fd(); }

Result<void> Pipe::close_read() { return state_->reader.close(); }
Result<void> Pipe::close_write() { return state_->writer.close(); }

Result<void> Pipe::close() {
    auto written = close_write();
    auto read = close_read();
    // Closing what is left of it is no mistake.
    if (!written && written.error().kind == Errc::stopped) return read;
    if (!read && read.error().kind == Errc::stopped) return written;
    return written ? read : written;
}

void Pipe::tee(Pipe& copy) { state_->copy = copy.state_; }
void Pipe::tee(WriteFunction copy) { state_->copy = std::move(copy); }

// Gives the copy what is at the front, if it has not got that already.
//
// Returns  how much of it may be read now; 0 at the end.
Result<std::size_t> Pipe::State::copy_ahead(State& to, std::size_t most) {
    const EndUse use(to.writer);
    if (!use.valid() && copied == 0) return failure(closed().at(Side::sink));
    while (copied == 0) {
        const auto teed = sys::tee(reader.fd(), to.writer.fd(), most, sys::Sleep::never);
        if (teed && *teed == 0) return 0;
        if (teed) {
            copied = *teed;
            break;
        }
        if (!means_try_later(teed.error())) return failure(teed.error().at(Side::sink));
        // Kernel: EAGAIN does not say which of the two pipes it means.
        const bool has_bytes = is_ready(reader, Readiness::readable);
        const auto waited = has_bytes ? await(to.writer, Readiness::writable, reader)
                                      : await(reader, Readiness::readable, to.writer);
        if (!waited) return failure(waited.error().at(has_bytes ? Side::sink : Side::source));
    }
    return std::min(copied, most);
}

Result<std::size_t> Pipe::State::read(std::span<std::byte> into) {
    if (into.empty()) return 0;
    if (const auto* to = std::get_if<std::shared_ptr<State>>(&copy)) {
        auto ahead = copy_ahead(**to, into.size());
        if (!ahead || *ahead == 0) return ahead;
        into = into.first(*ahead);
    }
    for (;;) {
        const auto got = sys::read(reader.fd(), into);
        if (!got && means_try_later(got.error())) {
            if (auto waited = await(reader, Readiness::readable); !waited)
                return failure(waited.error().at(Side::source));
            continue;
        }
        if (!got) return failure(got.error().at(Side::source));
        copied -= std::min(copied, *got);
        if (const auto* write = std::get_if<WriteFunction>(&copy))
            if (auto written = write_whole(*write, into.first(*got)); !written)
                return failure(written.error().at(Side::sink));
        return *got;
    }
}

Result<void> Pipe::State::write(std::span<const std::byte> from) {
    while (!from.empty()) {
        const auto gone = sys::write(writer.fd(), from);
        if (gone) {
            from = from.subspan(*gone);
            continue;
        }
        if (!means_try_later(gone.error())) return failure(gone.error().at(Side::sink));
        if (auto waited = await(writer, Readiness::writable); !waited)
            return failure(waited.error().at(Side::sink));
    }
    return {};
}

Result<std::size_t> Pipe::read(std::span<std::byte> into) {
    const EndUse use(state_->reader);
    if (!use.valid()) return failure(closed().at(Side::source));
    return state_->read(into);
}

Result<std::size_t> Pipe::write(std::span<const std::byte> from) {
    const EndUse use(state_->writer);
    if (!use.valid()) return failure(closed().at(Side::sink));
    return state_->write(from).map([&from] { return from.size(); });
}

TransferReport Pipe::read_from(FdView source, std::optional<std::uint64_t> limit, Policy policy) {
    const EndUse use(state_->writer);
    if (!use.valid()) return failed(closed(), Side::sink);
    const auto from = look_at(source, "source");
    const auto to = look_at(state_->writer.fd(), "pipe");
    if (!from || !to)
        return from ? failed(to.error(), Side::sink) : failed(from.error(), Side::source);
    TransferOptions how;
    how.policy = policy;
    how.limit = limit;
    how.supervision.stop = state_->writer.stop();
    auto report = run_transfer(*from, *to, state_->write_space, std::move(how));
    state_->capacity = sys::pipe_capacity(state_->writer.fd()).value_or(state_->capacity);
    return report;
}

TransferReport Pipe::read_from(Pipe& source, std::optional<std::uint64_t> limit, Policy policy) {
    const EndUse use(state_->writer);
    if (!use.valid()) return failed(closed(), Side::sink);
    const EndUse source_use(source.state_->reader);
    if (!source_use.valid()) return failed(closed(), Side::source);
    return source.state_->give(state_->writer.fd(), limit, policy, state_->writer.stop());
}

TransferReport Pipe::read_from(const ReadFunction& source, std::optional<std::uint64_t> limit) {
    const EndUse use(state_->writer);
    if (!use.valid()) return failed(closed(), Side::sink);
    const auto write = [this](std::span<const std::byte> from) {
        return state_->write(from).map([&from] { return from.size(); });
    };
    return pump(source, write, limit);
}

// Whoever is shown the bytes may fail, and then nothing more is moved.
TransferReport Pipe::State::give_and_show(const Endpoint& from, const Endpoint& to,
                                          TransferOptions how, const WriteFunction& write) {
    std::optional<Error> lost;
    how.tap = [&lost, &write](std::span<const std::byte> bytes) {
        if (auto written = write_whole(write, bytes); !written && !lost) lost = written.error();
    };
    how.waiting = Waiting::by_poll;
    const Supervision supervision = how.supervision;
    Transfer transfer(from, to, space, std::move(how));
    for (;;) {
        const Progress progress = transfer.advance();
        if (lost) transfer.cut_short(lost->at(Side::sink));
        if (lost || progress.state == Progress::State::finished) return transfer.report();
        if (auto goes_on = tend(supervision, progress, wanted_by(progress)); !goes_on)
            transfer.cut_short(goes_on.error());
    }
}

TransferReport Pipe::State::give(FdView sink, std::optional<std::uint64_t> limit,
                                 const Policy& policy, const StopToken& sink_stop) {
    const auto from = look_at(reader.fd(), "pipe");
    const auto to = look_at(sink, "sink");
    if (!from || !to)
        return from ? failed(to.error(), Side::sink) : failed(from.error(), Side::source);
    TransferOptions how;
    how.policy = policy;
    how.limit = limit;
    how.supervision.stop = reader.stop();
    how.supervision.other_stop = sink_stop;
    if (const auto* write = std::get_if<WriteFunction>(&copy))
        return give_and_show(*from, *to, std::move(how), *write);
    const auto* copied_to = std::get_if<std::shared_ptr<State>>(&copy);
    if (copied_to == nullptr) return run_transfer(*from, *to, space, how);
    TransferReport all;
    while (limit != all.taken) {
        const auto left = limit ? std::optional(*limit - all.taken) : std::nullopt;
        const auto ahead = copy_ahead(**copied_to, least(limits::splice_bytes, left));
        if (!ahead) all.error = ahead.error();
        if (!ahead || *ahead == 0) break;
        how.limit = *ahead;
        const auto part = run_transfer(*from, *to, space, how);
        copied -= std::min<std::size_t>(copied, part.taken);
        add(all, part);
        if (all.error || part.taken == 0) break;
    }
    return all;
}

TransferReport Pipe::write_to(FdView sink, std::optional<std::uint64_t> limit, Policy policy) {
    const EndUse use(state_->reader);
    if (!use.valid()) return failed(closed(), Side::source);
    return state_->give(sink, limit, policy, {});
}

TransferReport Pipe::write_to(Pipe& sink, std::optional<std::uint64_t> limit, Policy policy) {
    return sink.read_from(*this, limit, policy);
}

TransferReport Pipe::write_to(const WriteFunction& sink, std::optional<std::uint64_t> limit) {
    const EndUse use(state_->reader);
    if (!use.valid()) return failed(closed(), Side::source);
    return pump([this](std::span<std::byte> into) { return state_->read(into); }, sink, limit);
}

}  // namespace zc
