#include "address/stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel/limits.hpp"
#include "kernel/sys.hpp"
#include "kernel/sys_file.hpp"
#include "kernel/sys_net.hpp"
#include "kernel/sys_proc.hpp"

namespace zc {
namespace {

// Waits until a child has ended; false when the time ran out.
Result<bool> wait_for_exit(const Child& child, std::optional<std::chrono::milliseconds> limit) {
    const std::array interests{Interest{child.exited.view()}};
    return sys::wait(interests, {}, limit).map([](std::size_t ready) { return ready != 0; });
}

// How a child has ended; nothing when it has not within the time.
Result<std::optional<sys::Ended>> wait_for(const Child& child,
                                           std::optional<std::chrono::milliseconds> limit) {
    auto exited = wait_for_exit(child, limit);
    if (!exited) return failure(exited.error());
    if (!*exited) return std::optional<sys::Ended>();
    return sys::reap(child.pid);
}

Result<void> send(const Child& child, int signal) {
    const auto whom =
        child.leads == Child::Leads::a_session ? sys::Group::whole : sys::Group::leader;
    return sys::send_signal(child.pid, whom, signal);
}

// Whether it was sent to a child that wants it and goes on.
bool offer(const Child& child, int signal) {
    const auto& wanted = child.wanted_signals;
    if (std::find(wanted.begin(), wanted.end(), signal) == wanted.end()) return false;
    const auto ended = wait_for_exit(child, std::chrono::milliseconds{0});
    return ended && !*ended && send(child, signal).has_value();
}

Result<void> judge(const sys::Ended& ended, const std::string& label) {
    if (ended.signal == 0 && ended.status == 0) return {};
    if (ended.signal == SIGPIPE) return {};
    const std::string how = ended.signal != 0 ? "killed by " + sys::signal_name(ended.signal)
                                              : "exit status " + std::to_string(ended.status);
    return failure(Error::told(Errc::child_failed, "child", how).about(label));
}

// Children that nobody waits for, and that have not ended. Each that is left looks
// after those before it, so that no more dead ones stay than have been left since.
void leave_behind(Child child) {
    static std::mutex mutex;
    static std::vector<Child> left;
    const std::lock_guard lock(mutex);
    left.push_back(std::move(child));
    std::erase_if(left, [](const Child& each) {
        const auto ended = sys::reap(each.pid);
        return !ended || *ended;
    });
}

Result<void> first_of(Result<void> earlier, Result<void> later) {
    return earlier ? std::move(later) : std::move(earlier);
}

}  // namespace

Stream::Stream(StreamParts parts) : parts_(std::move(parts)) {}

Stream::Stream(Stream reading, Stream writing)
    : parts_(std::exchange(reading.parts_, {})),
      writing_(std::make_unique<Stream>(std::move(writing))) {}

// Nothing of a child may stay behind: the destructor would end it.
Stream::Stream(Stream&& other) noexcept
    : parts_(std::exchange(other.parts_, {})), writing_(std::move(other.writing_)) {}

Stream::~Stream() {
    using namespace std::chrono_literals;
    (void)finish(0ms);
}

FdView Stream::writer() const { return writing_ ? writing_->writer() : parts_.writer; }

const std::string& Stream::writer_label() const {
    return writing_ ? writing_->label() : parts_.label;
}

EndOfWriting Stream::end_of_writing() const {
    return writing_ ? writing_->end_of_writing() : parts_.end;
}

Result<Stream> adopt(Fd fd, std::string label) {
    const auto facts = classify(fd.view());
    if (!facts) return failure(facts.error().about(std::move(label)));
    const auto access = sys::access_of(fd.view());
    if (!access) return failure(access.error().about(std::move(label)));
    StreamParts parts;
    parts.label = std::move(label);
    if (*access != sys::Access::write) parts.reader = fd.view();
    if (*access != sys::Access::read) parts.writer = fd.view();
    parts.read_owner = std::move(fd);
    parts.end = EndOfWriting::close;
    const FdKind kind = facts->kind;
    if (kind == FdKind::tcp_socket || kind == FdKind::unix_socket) {
        if (auto set = sys::set_not_blocking(parts.reader); !set)
            return failure(set.error().about(parts.label));
        parts.own_kind = kind;
        parts.end = EndOfWriting::shutdown;
    }
    return Stream(std::move(parts));
}

bool Stream::must_linger() {
    const FdView socket = parts_.read_owner.view();
    if (parts_.own_kind != FdKind::tcp_socket || !socket.valid())
        return writing_ && writing_->must_linger();
    constexpr int reads_at_once = 16;
    std::array<std::byte, 4096> dropped{};
    for (int i = 0; i < reads_at_once; ++i) {
        const auto got = sys::read(socket, dropped);
        if (!got && !means_try_later(got.error())) return false;
        if (got && *got == 0) return false;
        if (!got) break;
        parts_.peer_talks = true;
    }
    return parts_.peer_talks && sys::unsent_bytes(socket).value_or(0) != 0;
}

void Stream::spoil() {
    if (writing_) writing_->spoil();
    if (parts_.own_kind != FdKind::tcp_socket) return;
    for (const Fd* each : {&parts_.read_owner, &parts_.write_owner})
        if (each->valid()) (void)sys::reset_at_close(each->view());
}

FdView Stream::child_exit() const {
    if (parts_.child) return parts_.child->exited.view();
    return writing_ ? writing_->child_exit() : FdView();
}

Result<void> Stream::set_blocking(Blocking blocking) const {
    for (const Fd* each : {&parts_.read_owner, &parts_.write_owner}) {
        if (!each->valid()) continue;
        auto set = blocking == Blocking::yes ? sys::set_blocking(each->view())
                                             : sys::set_not_blocking(each->view());
        if (!set) return failure(set.error().about(parts_.label));
    }
    return writing_ ? writing_->set_blocking(blocking) : Result<void>();
}

Result<void> Stream::end_writing() {
    if (writing_) return writing_->end_writing();
    const FdView writer = std::exchange(parts_.writer, FdView());
    if (!writer.valid() || parts_.end == EndOfWriting::nothing) return {};
    Result<void> ended;
    if (parts_.end == EndOfWriting::shutdown) {
        ended = sys::shutdown_writing(writer);
        // Kernel: a connection that was open and is not connected any more was reset, or
        // has timed out: what was on its way is lost. A UNIX peer has only closed.
        if (!ended && ended.error().code == ENOTCONN)
            ended = parts_.own_kind == FdKind::tcp_socket
                        ? failure(Error::system("shutdown", ECONNRESET).at(Side::sink))
                        : Result<void>();
    } else {
        if (parts_.reader == writer) parts_.reader = FdView();
        if (parts_.write_owner.valid())
            ended = parts_.write_owner.close();
        else if (parts_.read_owner.view() == writer)
            ended = parts_.read_owner.close();
        else
            ended = sys::close(writer);
    }
    if (!ended) return failure(ended.error().about(parts_.label));
    return {};
}

Result<void> Stream::close_this() {
    parts_.reader = parts_.writer = FdView();
    auto closed = first_of(parts_.write_owner.close(), parts_.read_owner.close());
    auto removed = parts_.entry.remove();
    if (!closed) return failure(closed.error().about(parts_.label));
    return removed;
}

Result<void> Stream::close() {
    auto closed = close_this();
    return first_of(std::move(closed), writing_ ? writing_->close() : Result<void>());
}

bool Stream::child_runs() const {
    if (parts_.child) {
        const auto ended = wait_for_exit(*parts_.child, std::chrono::milliseconds{0});
        if (ended && !*ended) return true;
    }
    return writing_ && writing_->child_runs();
}

void Stream::end_child() {
    if (writing_) writing_->end_child();
    if (!parts_.child || parts_.child->at_end == Child::AtEnd::leave) return;
    parts_.child->told_to_end = true;
    (void)send(*parts_.child, SIGTERM);  // it may have ended just now
}

bool Stream::forward_signal(int signal) {
    const bool forwarded = parts_.child && offer(*parts_.child, signal);
    return (writing_ && writing_->forward_signal(signal)) || forwarded;
}

Result<void> Stream::finish_child(std::optional<std::chrono::milliseconds> patience) {
    if (!parts_.child) return {};
    if (parts_.child->at_end == Child::AtEnd::leave) {
        leave_behind(std::move(*std::exchange(parts_.child, std::nullopt)));
        return {};
    }
    const bool told = parts_.child->told_to_end;
    auto ended = wait_for(*parts_.child, patience);
    if (ended && !*ended && !told) {
        end_child();
        ended = wait_for(*parts_.child, limits::child_grace);
    }
    Child child = std::move(*std::exchange(parts_.child, std::nullopt));
    if (!ended) return failure(ended.error().about(parts_.label));
    if (*ended) return child.told_to_end ? Result<void>() : judge(**ended, parts_.label);
    leave_behind(std::move(child));
    return failure(
        Error::told(Errc::timed_out, "wait", "child goes on after SIGTERM").about(parts_.label));
}

Result<void> Stream::finish(std::optional<std::chrono::milliseconds> patience) {
    auto closed = close();
    Result<void> half;
    if (const auto writing = std::move(writing_)) half = writing->finish(patience);
    auto child = finish_child(patience);
    return first_of(std::move(closed), first_of(std::move(half), std::move(child)));
}

}  // namespace zc
