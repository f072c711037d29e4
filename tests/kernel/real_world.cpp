#include "kernel/real_world.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "kernel/sys.hpp"

namespace zc::test {
namespace {

Pair make_source(FdKind kind, const TempDir& files) {
    if (kind == FdKind::pipe) return pipe_to_read();
    if (kind == FdKind::unix_socket) return unix_pair(SOCK_STREAM);
    const auto path = files.file("source", "");
    return {open_file(path, O_RDONLY), open_file(path, O_WRONLY)};
}

Pair make_sink(FdKind kind, const TempDir& files) {
    if (kind == FdKind::pipe) return pipe_to_write();
    if (kind == FdKind::unix_socket) return unix_pair(SOCK_STREAM);
    const auto path = files.file("sink", "");
    return {open_file(path, O_WRONLY), open_file(path, O_RDONLY)};
}

// No file of this process grows beyond one byte, or as large as it likes.
void allow_file_bytes(rlim_t most) {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = most;
    (void)::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

RealWorld::RealWorld(const Case& which, Mode mode)
    : which_(which),
      source_(make_source(which.source, files_)),
      sink_(make_sink(which.sink, files_)) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ, SIG_IGN);
    set_nonblocking(source_.far.view());
    set_nonblocking(sink_.far.view());
    if (mode.blocking == Blocking::yes) return;
    set_nonblocking(source_.near.view());
    set_nonblocking(sink_.near.view());
}

RealWorld::~RealWorld() {
    if (small_files_) allow_file_bytes(RLIM_INFINITY);
}

Endpoint RealWorld::source() { return *look_at(source_.near.view(), "source"); }
Endpoint RealWorld::sink() { return *look_at(sink_.near.view(), "sink"); }

bool RealWorld::is_ready(const Interest& interest) {
    const std::array<Interest, 1> one{interest};
    return sys::wait(one, {}, std::chrono::milliseconds{0}).value_or(0) != 0;
}

std::string RealWorld::left_in_source() {
    std::string left;
    do left += read_now(source_.near.view());
    while (feed());
    return left;
}

bool RealWorld::trickle_source() { return one_by_one_ = which_.source != FdKind::regular; }

bool RealWorld::small_sink() {
    // A socket's compound pages fill a pipe far beyond its capacity.
    if (which_.sink == FdKind::pipe) return which_.source != FdKind::unix_socket;
    if (which_.sink != FdKind::unix_socket) return false;
    const int bytes = 4096;
    return ::setsockopt(sink_.near.view().number(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) ==
           0;
}

// A peer that leaves bytes unread resets a UNIX socket when it closes.
bool RealWorld::break_source() {
    if (which_.source != FdKind::unix_socket) return false;
    source_code = ECONNRESET;
    end();
    return ::write(source_.near.view().number(), "x", 1) == 1;
}

bool RealWorld::break_sink() {
    if (which_.sink == FdKind::regular) {
        sink_code = EFBIG;
        return small_files_ = true;
    }
    sink_code = EPIPE;
    return leaves_after_first_ = which_.source != FdKind::regular;
}

bool RealWorld::refuse_zero_copy(Side side, unsigned at_call) {
    if (side != Side::sink || which_.sink != FdKind::regular || which_.method == Method::uncached ||
        at_call != 1)
        return false;
    return ::fcntl(sink_.near.view().number(), F_SETFL, O_APPEND) == 0;
}

bool RealWorld::shrink_source(std::size_t bytes) {
    return ::ftruncate(source_.far.view().number(), static_cast<off_t>(bytes)) == 0;
}

std::size_t RealWorld::send(std::string_view bytes) {
    if (small_files_) allow_file_bytes(RLIM_INFINITY);
    const std::size_t sent = write_now(source_.far.view(), bytes);
    if (small_files_) allow_file_bytes(1);
    return sent;
}

void RealWorld::end_source() {
    if (which_.source != FdKind::regular) (void)source_.far.close();
}

std::string RealWorld::drain() {
    std::string fresh = read_now(sink_.far.view());
    if (leaves_after_first_ && !fresh.empty()) (void)sink_.far.close();
    return fresh;
}

bool can_bypass_cache(const TempDir& files) {
    const Fd file = open_file(files.file("bypass", "x"), O_RDWR);
    std::array<std::byte, 1> byte{};
    return sys::read(file.view(), byte, Cache::bypass) &&
           sys::write(file.view(), byte, Cache::bypass);
}

}  // namespace zc::test
