#include "engine/workspace.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hpp"
#include "engine/path.hpp"
#include "engine/path_io.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;

namespace {

void fill(Buffer& buffer, const std::string& text) {
    std::memcpy(buffer.room().data(), text.data(), text.size());
    buffer.filled(text.size());
}

struct Held {
    fake::Kernel kernel;
    Fd source = kernel.open({.content = "new"});
    Fd sink = kernel.open({.kind = FdKind::unix_socket});
    Workspace space;
    Route route{*look_at(source.view(), "source"), *look_at(sink.view(), "sink"), space};

    void carry(const std::string& text) {
        auto pipe = space.carrier.pipe();
        REQUIRE(pipe);
        REQUIRE(fake::send(kernel.of((*pipe)->write_end()), text) == text.size());
        space.carrier.filled(text.size());
    }
};

}  // namespace

TEST_CASE("workspace: the buffer is older than the carrier, and both than the source") {
    using PathStep = Result<Step> (*)(Route&, std::size_t);
    for (const PathStep step :
         {PathStep{step_copy}, PathStep{step_carrier}, PathStep{step_uncached}}) {
        Held held;
        held.kernel.of(held.source.view()).cached_only = false;
        fill(held.space.buffer, "oldest ");
        held.carry("old ");
        CHECK(held.space.held() == 11);
        for (int i = 0; i < 6; ++i) REQUIRE(step(held.route, 1000));
        CHECK(fake::drain(held.kernel.of(held.sink.view())) == "oldest old new");
        CHECK(held.space.held() == 0);
    }
}

TEST_CASE("workspace: paths that take nothing privately deliver what is held first") {
    using PathStep = Result<Step> (*)(Route&, std::size_t);
    for (const PathStep step : {PathStep{step_reflink}, PathStep{step_splice}}) {
        Held held;
        fill(held.space.buffer, "oldest ");
        held.carry("old");
        for (int i = 0; i < 2; ++i) REQUIRE(step(held.route, 1000));
        CHECK(fake::drain(held.kernel.of(held.sink.view())) == "oldest old");
    }
}

TEST_CASE("workspace: limit 0 only delivers what is held") {
    Held held;
    held.carry("old");
    REQUIRE(step_carrier(held.route, 0));
    CHECK(fake::drain(held.kernel.of(held.sink.view())) == "old");
    CHECK(held.kernel.of(held.source.view()).offset == 0);
}

TEST_CASE("workspace: a page that was truncated in the carrier is an error of the source") {
    Held held;
    held.carry("old");
    auto& slots = held.kernel.of((*held.space.carrier.pipe())->read_end()).slots;
    slots.front() = fake::Slot{"", nullptr, 0, 3};
    const auto spliced = step_carrier(held.route, 10);
    REQUIRE_FALSE(spliced);
    CHECK(spliced.error().side == Side::source);
    CHECK(cause(spliced.error()) == "file was truncated while it was read");
    const auto copied = step_copy(held.route, 10);
    REQUIRE_FALSE(copied);
    CHECK(copied.error().side == Side::source);
    CHECK(copied.error().code == ENODATA);
}

TEST_CASE("workspace: a carrier that answers 0 although it holds bytes was truncated") {
    Held held;
    held.carry("old");
    held.kernel.fails(fake::Call::read, 0);
    const auto copied = step_copy(held.route, 10);
    REQUIRE_FALSE(copied);
    CHECK(copied.error().side == Side::source);
    CHECK(cause(copied.error()) == "file was truncated while it was read");
}

TEST_CASE("splice: a reader that has left costs the source nothing") {
    fake::Kernel kernel;
    const Fd source = kernel.open({.kind = FdKind::pipe});
    const Fd sink = kernel.open({.kind = FdKind::pipe, .gone = true});
    fake::send(kernel.of(source.view()), "abc");
    Workspace space;
    Route route{*look_at(source.view(), "source"), *look_at(sink.view(), "sink"), space};
    const auto step = step_splice(route, 10);
    REQUIRE_FALSE(step);
    CHECK(step.error().code == EPIPE);
    CHECK(step.error().side == Side::sink);
    CHECK(fake::drain(kernel.of(source.view())) == "abc");
}

TEST_CASE("workspace: discard forgets the bytes, and the pipe that held some") {
    Held held;
    REQUIRE(held.space.carrier.pipe());
    held.space.discard();
    CHECK(held.space.carrier.exists());
    held.carry("old");
    held.space.discard();
    CHECK_FALSE(held.space.carrier.exists());
    CHECK(held.space.held() == 0);
}

TEST_CASE("buffer: grows while it is empty, page by page") {
    Buffer buffer;
    CHECK(buffer.size() == 0);
    buffer.reserve(5000);
    CHECK(buffer.room().size() == 128 * 1024);
    buffer.reserve(1024 * 1024);
    CHECK(buffer.room().size() == 1024 * 1024);
    fill(buffer, "abc");
    buffer.consumed(1);
    CHECK(buffer.size() == 2);
    CHECK(static_cast<char>(buffer.unread()[0]) == 'b');
}
