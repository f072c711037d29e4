// Sessions as servers that bring their own sockets use them.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "battery.hpp"
#include "kernel/pipeline_rig.hpp"
#include "kernel/stop.hpp"
#include "relay/session.hpp"

using namespace zc;
using namespace zc::test;

TEST_CASE("Session: both ways between two accepted sockets, half-closes passed on") {
    const std::string question = pattern(2 * mib + 1);
    const std::string answer = pattern(3 * mib + 2);
    for (const Network& near : networks()) {
        for (const Network& far : networks()) {
            Pair client = near.make();
            Pair server = far.make();
            auto left = adopt(std::move(client.near), "client");
            auto right = adopt(std::move(server.near), "server");
            REQUIRE((left && right));
            auto session = Session::create(std::move(*left), std::move(*right));
            REQUIRE(session);
            auto runs = beside([&] { return session->run(); });
            auto asked = beside([&] {
                write_all(client.far.view(), question);
                ::shutdown(client.far.view().number(), SHUT_WR);
            });
            auto served = beside([&] {
                const std::string got = read_all(server.far.view());
                write_all(server.far.view(), answer);
                ::shutdown(server.far.view().number(), SHUT_WR);
                return got;
            });
            CHECK(read_all(client.far.view()) == answer);
            asked.get();
            CHECK(served.get() == question);
            const auto report = runs.get();
            CHECK(report.errors.empty());
            CHECK(report.to_right.bytes == question.size());
            CHECK(report.to_left.bytes == answer.size());
        }
    }
}

TEST_CASE("Session: is stopped from another thread, and its peers see no clean end") {
    Pair client = tcp_pair();
    Pair server = tcp_pair();
    auto session = Session::create(std::move(*adopt(std::move(client.near), "client")),
                                   std::move(*adopt(std::move(server.near), "server")));
    REQUIRE(session);
    auto stop = StopSource::create();
    REQUIRE(stop);
    auto runs = beside([&] { return session->run(stop->token()); });
    write_all(client.far.view(), "x");
    pollfd through{server.far.view().number(), POLLIN, 0};
    REQUIRE(::poll(&through, 1, 10'000) == 1);
    stop->request_stop();
    const auto report = runs.get();
    REQUIRE_FALSE(report.errors.empty());
    CHECK(report.errors.front().kind == Errc::stopped);
    std::array<char, 10> some{};
    CHECK(::read(server.far.view().number(), some.data(), some.size()) == 1);
    CHECK(::read(server.far.view().number(), some.data(), some.size()) == -1);
}

TEST_CASE("Session: in an event loop of poll(2), it wants what it waits for and nothing spins") {
    Pair client = unix_pair(SOCK_STREAM);
    Pair server = tcp_pair();
    auto session = Session::create(std::move(*adopt(std::move(client.near), "client")),
                                   std::move(*adopt(std::move(server.near), "server")));
    REQUIRE(session);
    const auto turn = [&] {
        auto state = session->advance();
        for (int i = 0; i < 100 && state == Session::State::moving; ++i) state = session->advance();
        return state;
    };
    REQUIRE(turn() == Session::State::waiting);
    CHECK(session->wants().size() == 2);
    for (const Interest& each : session->wants()) CHECK(each.event == Readiness::readable);
    write_all(client.far.view(), "hello");
    REQUIRE(turn() == Session::State::waiting);
    CHECK(read_now(server.far.view()) == "hello");
    // A peer that does not read: room is waited for, and input no more.
    set_nonblocking(client.far.view());
    while (write_now(client.far.view(), std::string(mib, 'x')) != 0)
        REQUIRE(turn() == Session::State::waiting);
    bool waits_for_room = false;
    for (const Interest& each : session->wants())
        waits_for_room = waits_for_room || each.event == Readiness::writable;
    CHECK(waits_for_room);
    (void)session->finish();
}

TEST_CASE("adopt: a pipe's end has one direction, a closed descriptor none") {
    Pair pipe = pipe_to_read();
    auto reading_end = adopt(std::move(pipe.near), "pipe");
    REQUIRE(reading_end);
    CHECK(reading_end->reader().valid());
    CHECK_FALSE(reading_end->writer().valid());
    const auto nothing = adopt(Fd(), "nothing");
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().subject == "nothing");
    CHECK(nothing.error().code == EBADF);
}
