#include "kernel/private_pipe.hpp"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "catch.hpp"
#include "kernel/ends.hpp"
#include "kernel/limits.hpp"

using namespace zc;
using namespace zc::test;

namespace {

constexpr std::size_t page = limits::page_bytes;

// Runs a function in a child of user nobody, without capabilities; its answer
// is the exit code.
template <class Body>
int as_nobody(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr unsigned nobody = 65534;
        const bool dropped =
            ::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0;
        ::_exit(dropped ? body() : 99);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

// Makes pipes until the quota bites; 0 when all went as promised.
int pipes_to_the_quota() {
    std::vector<PrivatePipe> pipes;
    std::size_t smallest = limits::pipe_bytes;
    for (int i = 0; i < 200; ++i) {
        auto pipe = PrivatePipe::create(limits::pipe_bytes);
        if (!pipe) return 1;
        if (pipe->capacity() > smallest) return 2;  // it never gets better
        smallest = pipe->capacity();
        if (smallest < page) return 3;
        pipes.push_back(std::move(*pipe));
    }
    if (pipes.front().capacity() != limits::pipe_bytes) return 4;
    if (smallest == limits::pipe_bytes) return 5;
    // The smallest still works.
    const std::string text(page, 'x');
    if (write_now(pipes.back().write_end(), text) != page) return 6;
    return pipes.back().fill().value_or(0) == page ? 0 : 7;
}

}  // namespace

TEST_CASE("pipe: has the wished capacity and knows its fill") {
    auto pipe = PrivatePipe::create(limits::pipe_bytes);
    REQUIRE(pipe);
    CHECK(pipe->capacity() == limits::pipe_bytes);
    CHECK(pipe->fill().value() == 0);
    CHECK(write_now(pipe->write_end(), "abc") == 3);
    CHECK(pipe->fill().value() == 3);
    CHECK(read_now(pipe->read_end()) == "abc");
    CHECK(pipe->fill().value() == 0);
    CHECK(classify(pipe->read_end())->blocking == Blocking::yes);
}

TEST_CASE("pipe: the kernel rounds up, and refuses to lose bytes") {
    auto pipe = PrivatePipe::create(4 * page);
    REQUIRE(pipe);
    CHECK(pipe->capacity() == 16 * page);  // the default; never shrunk by create
    CHECK(pipe->set_capacity(3 * page).value() == 4 * page);
    CHECK(pipe->capacity() == 4 * page);
    CHECK(write_now(pipe->write_end(), std::string(2 * page, 'x')) == 2 * page);
    const auto refused = pipe->set_capacity(page);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == EBUSY);
    CHECK(pipe->capacity() == 4 * page);
}

TEST_CASE("pipe: grows one that is not ours, and knows what is none") {
    const Pair foreign = pipe_to_read();
    CHECK(grow_pipe(foreign.near.view(), limits::pipe_bytes) == limits::pipe_bytes);
    CHECK(grow_pipe(foreign.near.view(), page) == limits::pipe_bytes);
    const TempDir files;
    CHECK(grow_pipe(open_file(files.file("a", ""), 0).view(), page) == 0);
}

TEST_CASE("pipe: more than the limit is halved to what is granted") {
    CHECK(as_nobody([] {
              const auto pipe = PrivatePipe::create(64 * limits::pipe_bytes);
              return pipe && pipe->capacity() >= 16 * page ? 0 : 1;
          }) == (::geteuid() == 0 ? 0 : 99));
}

TEST_CASE("pipe: an ordinary user's quota makes them smaller, never fails") {
    if (::geteuid() != 0) {
        WARN("needs root, to become another user");
        return;
    }
    CHECK(as_nobody(pipes_to_the_quota) == 0);
}
