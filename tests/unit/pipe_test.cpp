#include "kernel/private_pipe.hpp"

#include <cerrno>

#include "catch.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;

namespace {

constexpr std::size_t wanted = 1024 * 1024;

}  // namespace

TEST_CASE("pipe: the wish is halved until the quota grants it") {
    fake::Kernel kernel;
    kernel.largest_pipe = 256 * 1024;
    const auto pipe = PrivatePipe::create(wanted);
    REQUIRE(pipe);
    CHECK(pipe->capacity() == 256 * 1024);
    CHECK(kernel.calls(fake::Call::set_pipe_capacity) == 3);
}

TEST_CASE("pipe: what the kernel gave is enough where it grants nothing") {
    fake::Kernel kernel;
    kernel.fails(fake::Call::set_pipe_capacity, EPERM);
    const auto pipe = PrivatePipe::create(wanted);
    REQUIRE(pipe);
    CHECK(pipe->capacity() == 64 * 1024);
}

TEST_CASE("pipe: never shrinks") {
    fake::Kernel kernel;
    const auto pipe = PrivatePipe::create(wanted);
    REQUIRE(pipe);
    CHECK(grow_pipe(pipe->read_end(), 4096) == wanted);
    CHECK(kernel.of(pipe->read_end()).slot_count == 256);
}

TEST_CASE("pipe: no descriptors are left is an error") {
    fake::Kernel kernel;
    kernel.fails(fake::Call::make_pipe, EMFILE);
    const auto pipe = PrivatePipe::create(wanted);
    REQUIRE_FALSE(pipe);
    CHECK(pipe.error().code == EMFILE);
    CHECK(std::string(pipe.error().operation) == "pipe2");
}

TEST_CASE("pipe: a capacity that cannot be read counts as one page") {
    fake::Kernel kernel;
    kernel.fails(fake::Call::pipe_capacity, EPERM);
    const auto pipe = PrivatePipe::create(wanted);
    REQUIRE(pipe);
    CHECK(pipe->capacity() == 4096);
}

TEST_CASE("pipe: growing what is no pipe says 0") {
    fake::Kernel kernel;
    const Fd file = kernel.open({});
    CHECK(grow_pipe(file.view(), wanted) == 0);
}

TEST_CASE("pipe: both ends are closed with it") {
    fake::Kernel kernel;
    {
        const auto pipe = PrivatePipe::create(wanted);
        CHECK(kernel.opened() == 2);
    }
    CHECK(kernel.opened() == 0);
}
