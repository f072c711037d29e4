#include "kernel/ends.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace zc::test {
namespace {

int checked(int answer, const char* what) {
    if (answer < 0) throw std::system_error(errno, std::generic_category(), what);
    return answer;
}

bool readable_now(FdView fd) {
    pollfd polled{fd.number(), POLLIN, 0};
    return ::poll(&polled, 1, 0) > 0;
}

std::array<int, 2> raw_pipe() {
    std::array<int, 2> ends{};
    checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    return ends;
}

}  // namespace

Pair pipe_to_read() {
    const auto ends = raw_pipe();
    return {Fd(ends[0]), Fd(ends[1])};
}

Pair pipe_to_write() {
    const auto ends = raw_pipe();
    return {Fd(ends[1]), Fd(ends[0])};
}

Pair unix_pair(int type) {
    std::array<int, 2> ends{};
    checked(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    return {Fd(ends[0]), Fd(ends[1])};
}

Pair tcp_pair() {
    const Fd listener(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int number = listener.view().number();
    checked(::bind(number, generic, length), "bind");
    checked(::listen(number, 1), "listen");
    checked(::getsockname(number, generic, &length), "getsockname");
    Fd near(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    checked(::connect(near.view().number(), generic, length), "connect");
    return {std::move(near), Fd(checked(::accept(number, nullptr, nullptr), "accept"))};
}

Pair pty_pair() {
    Fd master(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"));
    checked(::grantpt(master.view().number()), "grantpt");
    checked(::unlockpt(master.view().number()), "unlockpt");
    std::array<char, 64> name{};
    checked(::ptsname_r(master.view().number(), name.data(), name.size()) == 0 ? 0 : -1, "ptsname");
    Fd slave(checked(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), name.data()));
    termios settings{};
    checked(::tcgetattr(slave.view().number(), &settings), "tcgetattr");
    ::cfmakeraw(&settings);
    checked(::tcsetattr(slave.view().number(), TCSANOW, &settings), "tcsetattr");
    return {std::move(slave), std::move(master)};
}

Fd open_file(const std::filesystem::path& path, int flags) {
    return Fd(checked(::open(path.c_str(), flags | O_CLOEXEC, 0600), path.c_str()));
}

void set_nonblocking(FdView fd) {
    const int flags = checked(::fcntl(fd.number(), F_GETFL), "F_GETFL");
    checked(::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK), "F_SETFL");
}

std::string read_now(FdView fd, std::size_t most) {
    std::string all;
    std::array<char, 65536> part{};
    while (all.size() < most && readable_now(fd)) {
        const auto got = ::read(fd.number(), part.data(), std::min(part.size(), most - all.size()));
        if (got <= 0) break;
        all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
}

std::size_t write_now(FdView fd, std::string_view bytes) {
    std::size_t put = 0;
    while (put < bytes.size()) {
        const auto some = ::write(fd.number(), bytes.data() + put, bytes.size() - put);
        if (some <= 0) break;
        put += static_cast<std::size_t>(some);
    }
    return put;
}

void send_with(FdView socket, std::string_view bytes, FdView passed) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = passed.number();
    std::memcpy(CMSG_DATA(header), &number, sizeof(number));
    checked(static_cast<int>(::sendmsg(socket.number(), &message, 0)), "sendmsg");
}

std::string read_all(FdView fd) {
    std::string all;
    std::array<char, 65536> part{};
    for (;;) {
        const auto got = ::read(fd.number(), part.data(), part.size());
        if (got < 0 && errno == EAGAIN) {
            pollfd waits{fd.number(), POLLIN, 0};
            if (::poll(&waits, 1, 10'000) == 0)
                throw std::runtime_error("nothing to read for 10 s");
            continue;
        }
        if (got <= 0) return all;  // a pty says EIO at its end
        all.append(part.data(), static_cast<std::size_t>(got));
    }
}

void write_all(FdView fd, std::string_view bytes) { (void)write_now(fd, bytes); }

TempDir::TempDir(const std::filesystem::path& parent) {
    std::string pattern = parent / "zc-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) checked(-1, pattern.c_str());
    path_ = pattern;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::file(const char* name, std::string_view bytes) const {
    const Fd file = open_file(path_ / name, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(file.view(), bytes);
    return path_ / name;
}

}  // namespace zc::test
