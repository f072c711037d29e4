#include "kernel/result.hpp"

#include <array>
#include <cerrno>

#include "catch.hpp"
#include "kernel/fd.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;

TEST_CASE("result: the cause is the detail, else the errno's text, else the operation") {
    CHECK(cause(Error::system("read", ENOSPC)) == "No space left on device");
    CHECK(cause(Error::told(Errc::timed_out, "connect", "no answer in 5 s")) == "no answer in 5 s");
    CHECK(cause(Error::told(Errc::timed_out, "connect", "")) == "connect");
}

TEST_CASE("result: side and subject are added on the way up") {
    const Error error = Error::system("write", EIO).at(Side::sink).about("logs/a.txt");
    CHECK(error.side == Side::sink);
    CHECK(error.subject == "logs/a.txt");
    CHECK(error.code == EIO);
}

TEST_CASE("result: errnos that only mean another way") {
    for (const int code : {EINVAL, ENOSYS, EPERM, EOPNOTSUPP, EXDEV, EBADF, EFBIG, EOVERFLOW})
        CHECK(means_another_way(Error::system("splice", code)));
    for (const int code : {EIO, ENOSPC, EPIPE, EAGAIN, ECONNRESET, ENODATA, EISDIR, EDQUOT, 0})
        CHECK_FALSE(means_another_way(Error::system("splice", code)));
    Error other = Error::told(Errc::unavailable, "splice", "no");
    other.code = EINVAL;
    CHECK_FALSE(means_another_way(other));
}

TEST_CASE("result: EAGAIN and EPIPE have names") {
    CHECK(means_try_later(Error::system("read", EAGAIN)));
    CHECK(means_try_later(Error::try_later("read")));
    CHECK_FALSE(means_try_later(Error::system("read", EIO)));
    CHECK(means_broken_pipe(Error::system("write", EPIPE)));
    CHECK_FALSE(means_broken_pipe(Error::system("write", ECONNRESET)));
}

TEST_CASE("fd: is closed once, by its last owner") {
    fake::Kernel kernel;  // a second close throws
    Fd first = kernel.open({});
    Fd second = std::move(first);
    CHECK_FALSE(first.valid());
    CHECK(kernel.opened() == 1);
    second = kernel.open({});
    CHECK(kernel.opened() == 1);
    CHECK(second.close());
    CHECK(second.close());
    CHECK(kernel.opened() == 0);
    const int number = kernel.open({}).release();
    CHECK(kernel.opened() == 1);
    CHECK(Fd(number).close());
}

TEST_CASE("fd: every kind has words of its own") {
    CHECK(std::string(name_of(FdKind::regular)) == "regular file");
    CHECK(std::string(name_of(FdKind::tcp_socket)) == "TCP socket");
    CHECK(std::string(name_of(FdKind::other)) == "other file");
}
