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
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "engine/workspace.hpp"
#include "kernel/limits.hpp"
#include "kernel/private_pipe.hpp"
#include "kernel/stop.hpp"
#include "kernel/sys.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

Error closed() { return Error::told(Errc::stopped, "close", "the pipe is closed"); }

class End {
public:
    End(Fd fd, StopSource stop) : fd_(std::move(fd)), stop_(std::move(stop)) {}

    [[nodiscard]] FdView fd() const { return fd_.view(); }
    [[nodiscard]] const StopToken& stop() const { return stop_.token(); }

    [[nodiscard]] bool enter() {
        const std::lock_guard lock(mutex_);
        if (stop_.requested()) return false;
        ++users_;
        return true;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        if (--users_ == 0 && stop_.requested()) (void)fd_.close();
    }
    Result<void> close() {
        const std::lock_guard lock(mutex_);
        if (stop_.requested()) return failure(closed());
        stop_.request_stop();
        return users_ == 0 ? fd_.close() : Result<void>();
    }

private:
    Fd fd_;
    StopSource stop_;
    std::mutex mutex_;
    unsigned users_ = 0;
};

// A call's use of an end.
class Use {
public:
    explicit Use(End& end) : end_(end.enter() ? &end : nullptr) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
        if (end_ != nullptr) end_->leave();
    }
    [[nodiscard]] bool valid() const { return end_ != nullptr; }

private:
    End* end_;
};

// Waits until `end` can be acted on, or that or `other` is closed.
Result<void> await(const End& end, Readiness event, const End& other) {
    const std::array wanted{Interest{end.fd(), event},
                            Interest{end.stop().descriptor(), Readiness::readable},
                            Interest{other.stop().descriptor(), Readiness::readable}};
    const auto ready = sys::wait(wanted, {}, {});
    if (!ready) return failure(ready.error());
    const bool ended = end.stop().requested() || other.stop().requested();
    return ended ? Result<void>(failure(closed())) : Result<void>();
}
Result<void> await(const End& end, Readiness event) { return await(end, event, end); }

bool is_ready(const End& end, Readiness event) {
    const std::array wanted{Interest{end.fd(), event}};
    const auto ready = sys::wait(wanted, {}, std::chrono::milliseconds{0});
    return ready && *ready != 0;
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

TransferReport failed(Error error, Side side) {
    TransferReport report;
    report.error = error.side == Side::unknown ? error.at(side) : std::move(error);
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
    [[nodiscard]] TransferReport give(FdView sink, std::optional<std::uint64_t> limit,
                                      const Policy& policy);

    End reader;
    End writer;
    std::atomic<std::size_t> capacity;
    std::variant<std::monostate, std::shared_ptr<State>, WriteFunction> copy;
    std::size_t copied = 0;  // at the front, and not yet read
    Workspace space;         // of who reads
    Workspace write_space;   // of who writes
};

Pipe::Pipe(std::shared_ptr<State> state) : state_(std::move(state)) {}
Pipe::Pipe(Pipe&& other) noexcept = default;
Pipe& Pipe::operator=(Pipe&& other) noexcept = default;

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
    const Use use(state_->writer);
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
    const Use use(to.writer);
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
        const auto ahead = copy_ahead(**to, into.size());
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
    const Use use(state_->reader);
    if (!use.valid()) return failure(closed().at(Side::source));
    return state_->read(into);
}

Result<std::size_t> Pipe::write(std::span<const std::byte> from) {
    const Use use(state_->writer);
    if (!use.valid()) return failure(closed().at(Side::sink));
    return state_->write(from).map([&from] { return from.size(); });
}

TransferReport Pipe::read_from(FdView source, std::optional<std::uint64_t> limit, Policy policy) {
    const Use use(state_->writer);
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
    const Use use(state_->writer);
    if (!use.valid()) return failed(closed(), Side::sink);
    return source.write_to(state_->writer.fd(), limit, policy);
}

TransferReport Pipe::read_from(const ReadFunction& source, std::optional<std::uint64_t> limit) {
    const Use use(state_->writer);
    if (!use.valid()) return failed(closed(), Side::sink);
    TransferReport report;
    std::vector<std::byte> buffer(limits::buffer_bytes);
    while (limit != report.taken) {
        const auto left = limit ? std::optional(*limit - report.taken) : std::nullopt;
        const std::span room(buffer.data(), least(buffer.size(), left));
        const auto got = source(room);
        if (!got) report.error = got.error().at(Side::source);
        if (!got || *got == 0) break;
        report.taken += *got;
        if (auto written = state_->write(room.first(*got)); !written) {
            report.error = written.error();
            break;
        }
        report.bytes += *got;
    }
    report.bytes_by[static_cast<std::size_t>(Method::copy)] = report.bytes;
    return report;
}

TransferReport Pipe::State::give(FdView sink, std::optional<std::uint64_t> limit,
                                 const Policy& policy) {
    const auto from = look_at(reader.fd(), "pipe");
    const auto to = look_at(sink, "sink");
    if (!from || !to)
        return from ? failed(to.error(), Side::sink) : failed(from.error(), Side::source);
    TransferOptions how;
    how.policy = policy;
    how.limit = limit;
    how.supervision.stop = reader.stop();
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
        if (all.error) break;
    }
    return all;
}

TransferReport Pipe::write_to(FdView sink, std::optional<std::uint64_t> limit, Policy policy) {
    const Use use(state_->reader);
    if (!use.valid()) return failed(closed(), Side::source);
    const auto* write = std::get_if<WriteFunction>(&state_->copy);
    if (write == nullptr) return state_->give(sink, limit, policy);
    std::optional<Error> lost;
    const auto from = look_at(state_->reader.fd(), "pipe");
    const auto to = look_at(sink, "sink");
    if (!from || !to)
        return from ? failed(to.error(), Side::sink) : failed(from.error(), Side::source);
    TransferOptions how;
    how.policy = policy;
    how.limit = limit;
    how.supervision.stop = state_->reader.stop();
    how.tap = [&](std::span<const std::byte> bytes) {
        if (lost) return;
        if (auto written = write_whole(*write, bytes); !written) lost = written.error();
    };
    const Supervision supervision = how.supervision;
    how.waiting = Waiting::by_poll;
    Transfer transfer(*from, *to, state_->space, std::move(how));
    for (;;) {
        const Progress progress = transfer.advance();
        if (lost) transfer.cut_short(lost->at(Side::sink));
        if (lost || progress.state == Progress::State::finished) return transfer.report();
        if (auto goes_on = tend(supervision, progress, wanted_by(progress)); !goes_on)
            transfer.cut_short(goes_on.error());
    }
}

TransferReport Pipe::write_to(Pipe& sink, std::optional<std::uint64_t> limit, Policy policy) {
    return sink.read_from(*this, limit, policy);
}

TransferReport Pipe::write_to(const WriteFunction& sink, std::optional<std::uint64_t> limit) {
    const Use use(state_->reader);
    if (!use.valid()) return failed(closed(), Side::source);
    TransferReport report;
    std::vector<std::byte> buffer(limits::buffer_bytes);
    while (limit != report.taken) {
        const auto left = limit ? std::optional(*limit - report.taken) : std::nullopt;
        const std::span room(buffer.data(), least(buffer.size(), left));
        const auto got = state_->read(room);
        if (!got) report.error = got.error();
        if (!got || *got == 0) break;
        report.taken += *got;
        if (auto written = write_whole(sink, room.first(*got)); !written) {
            report.error = written.error().at(Side::sink);
            break;
        }
        report.bytes += *got;
    }
    report.bytes_by[static_cast<std::size_t>(Method::copy)] = report.bytes;
    return report;
}

}  // namespace zc
