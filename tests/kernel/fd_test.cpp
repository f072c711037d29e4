#include "kernel/fd.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "kernel/ends.hpp"
#include "kernel/sys.hpp"

using namespace zc;
using namespace zc::test;

namespace {

FdKind kind_of(FdView fd) {
    const auto facts = classify(fd);
    REQUIRE(facts);
    return facts->kind;
}

}  // namespace

TEST_CASE("classify: pipes, sockets and terminals") {
    const Pair pipe = pipe_to_read();
    CHECK(kind_of(pipe.near.view()) == FdKind::pipe);
    CHECK(kind_of(pipe.far.view()) == FdKind::pipe);
    CHECK(kind_of(unix_pair(SOCK_STREAM).near.view()) == FdKind::unix_socket);
    CHECK(kind_of(unix_pair(SOCK_SEQPACKET).near.view()) == FdKind::packet_socket);
    CHECK(kind_of(unix_pair(SOCK_DGRAM).near.view()) == FdKind::packet_socket);
    CHECK(kind_of(tcp_pair().near.view()) == FdKind::tcp_socket);
    const Pair pty = pty_pair();
    CHECK(kind_of(pty.near.view()) == FdKind::terminal);
    CHECK(kind_of(pty.far.view()) == FdKind::terminal);
    const Fd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK(kind_of(udp.view()) == FdKind::packet_socket);
}

TEST_CASE("classify: files, devices and the rest") {
    const TempDir files;
    CHECK(kind_of(open_file(files.file("a", "abc"), O_RDONLY).view()) == FdKind::regular);
    CHECK(kind_of(open_file(files / "", O_RDONLY | O_DIRECTORY).view()) == FdKind::directory);
    for (const char* name : {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"})
        CHECK(kind_of(open_file(name, O_RDWR).view()) == FdKind::memory_device);
    REQUIRE(::mkfifo((files / "fifo").c_str(), 0600) == 0);
    CHECK(kind_of(open_file(files / "fifo", O_RDWR).view()) == FdKind::pipe);
    const Fd memory(::memfd_create("test", MFD_CLOEXEC));
    CHECK(kind_of(memory.view()) == FdKind::regular);
    const Fd event(::eventfd(0, EFD_CLOEXEC));
    CHECK(kind_of(event.view()) == FdKind::other);
    CHECK_FALSE(classify(FdView(-1)));
    CHECK(classify(FdView(-1)).error().code == EBADF);
}

TEST_CASE("classify: flags, size and identity") {
    const TempDir files;
    const Fd plain = open_file(files.file("a", "abc"), O_RDWR);
    const Fd append = open_file(files / "a", O_WRONLY | O_APPEND | O_NONBLOCK);
    const auto one = classify(plain.view());
    const auto two = classify(append.view());
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->size_bytes == 3);
    CHECK(one->append == Append::no);
    CHECK(one->blocking == Blocking::yes);
    CHECK(two->append == Append::yes);
    CHECK(two->blocking == Blocking::no);
    CHECK(one->inode == two->inode);
    CHECK(one->device == two->device);
    CHECK(classify(pipe_to_read().near.view())->size_bytes == 0);
}

TEST_CASE("sys: another description of a pipe or a terminal changes nobody's flags") {
    const Pair pipe = pipe_to_write();
    const Pair pty = pty_pair();
    for (const FdView fd : {pipe.near.view(), pty.near.view()}) {
        const auto own = sys::reopen_nonblocking(fd, Readiness::writable);
        REQUIRE(own);
        CHECK(classify(own->view())->blocking == Blocking::no);
        CHECK(classify(fd)->blocking == Blocking::yes);
    }
    CHECK(sys::reopen_nonblocking(unix_pair(SOCK_STREAM).near.view(), Readiness::writable)
              .error()
              .code == ENXIO);
}

TEST_CASE("sys: wait says which are ready") {
    const Pair full = pipe_to_read();
    const Pair empty = pipe_to_read();
    REQUIRE(write_now(full.far.view(), "x") == 1);
    const std::array<Interest, 2> both{Interest{empty.near.view(), Readiness::readable},
                                       Interest{full.near.view(), Readiness::readable}};
    std::array<bool, 2> ready{true, false};
    CHECK(sys::wait(both, ready, {}).value() == 1);
    CHECK_FALSE(ready[0]);
    CHECK(ready[1]);
    CHECK(sys::wait({both.data(), 1}, {}, std::chrono::milliseconds{1}).value() == 0);
}

TEST_CASE("sys: wait for more than a handful, and for a reader that leaves") {
    const Pair empty = pipe_to_read();
    Pair abandoned = pipe_to_write();
    std::vector<Interest> many(100, Interest{empty.near.view(), Readiness::readable});
    many[99] = {abandoned.near.view(), Readiness::left};
    const auto ready = std::make_unique<bool[]>(many.size());
    CHECK(sys::wait(many, {ready.get(), many.size()}, std::chrono::milliseconds{0}).value() == 0);
    (void)abandoned.far.close();
    CHECK(sys::wait(many, {ready.get(), many.size()}, {}).value() == 1);
    CHECK(ready[99]);
}

TEST_CASE("sys: socket calls that never sleep") {
    const Pair pair = unix_pair(SOCK_STREAM);
    std::array<std::byte, 4> bytes{};
    CHECK(means_try_later(sys::receive_now(pair.near.view(), bytes).error()));
    CHECK(sys::send_now(pair.near.view(), bytes).value() == 4);
    CHECK(sys::receive_now(pair.far.view(), bytes).value() == 4);
    while (sys::send_now(pair.near.view(), bytes)) {
    }
    CHECK(means_try_later(sys::send_now(pair.near.view(), bytes).error()));
}

TEST_CASE("sys: a file in memory has no cache to bypass, for reading or writing") {
    const Fd memory(::memfd_create("test", MFD_CLOEXEC));
    std::array<std::byte, 4> bytes{};
    CHECK(sys::write(memory.view(), bytes, Cache::bypass).error().code == EOPNOTSUPP);
    CHECK(sys::write(memory.view(), bytes).value() == 4);
    CHECK(sys::read(memory.view(), bytes, Cache::bypass).error().code == EOPNOTSUPP);
    CHECK(sys::read(memory.view(), bytes).value() == 0);
}

TEST_CASE("sys: a close that fails says so") {
    CHECK(sys::close(FdView(-1)).error().code == EBADF);
}

TEST_CASE("sys: another description of a pty's master is refused") {
    const Pair pty = pty_pair();
    CHECK_FALSE(sys::reopen_nonblocking(pty.far.view(), Readiness::writable));
    CHECK(sys::reopen_nonblocking(pty.near.view(), Readiness::writable));
}
