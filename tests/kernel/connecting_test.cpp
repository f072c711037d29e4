// Connections that are made step by step.
#include "address/connecting.hpp"

#include "kernel/ends.hpp"
#include "open_support.hpp"

using namespace zc;
using namespace zc::test;
using namespace std::chrono_literals;

TEST_CASE("connecting: a full backlog of a UNIX listener is asked again, not given up") {
    const test::TempDir dir;
    const std::string path = (dir / "door").string();
    Listener listener = listening("UNIX-LISTEN:" + path + ",backlog=1");
    const Address to = address("UNIX-CONNECT:" + path);
    std::vector<Stream> waiting;
    std::optional<Connecting> next;
    auto state = Connecting::State::connected;
    while (state == Connecting::State::connected && waiting.size() < 10) {
        next.emplace(to.read, Use::both, OpenContext{});
        state = next->advance(Connecting::Clock::now());
        if (state == Connecting::State::connected) waiting.emplace_back(*next->take());
    }
    REQUIRE(state == Connecting::State::wait);
    CHECK_FALSE(next->socket().valid());  // nothing tells when there is room
    REQUIRE(next->deadline());
    CHECK(next->advance(*next->deadline()) == Connecting::State::wait);
    const Accepted first = taken(listener);
    CHECK(next->advance(*next->deadline()) == Connecting::State::connected);
}

TEST_CASE("connecting: each try has its socket, and the pause between two its time") {
    Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1");
    const std::string port = port_of(listener);
    REQUIRE(listener.close());
    const Address to = address("TCP:127.0.0.1:" + port + ",retry=1,interval=100");
    Connecting connecting(to.read, Use::both, OpenContext{});
    const auto start = Connecting::Clock::now();
    CHECK(connecting.advance(start) == Connecting::State::wait);
    CHECK(connecting.pauses());
    CHECK(cause(connecting.error()) == "Connection refused");
    CHECK(connecting.attempt() == 1);
    CHECK(connecting.deadline() == start + 100s);
    CHECK(connecting.advance(start + 99s) == Connecting::State::wait);
    CHECK(connecting.attempt() == 1);
    CHECK(connecting.advance(start + 100s) == Connecting::State::failed);
    CHECK(connecting.attempt() == 2);
}

TEST_CASE("connecting: a name is looked up by whoever may wait, a number by nobody") {
    const Address name = address("TCP:localhost:1");
    Connecting by_name(name.read, Use::both, OpenContext{});
    CHECK(by_name.advance(Connecting::Clock::now()) == Connecting::State::look_up);
    by_name.found(failure(Error::told(Errc::unresolved, "lookup", "no such name")));
    CHECK(by_name.advance(Connecting::Clock::now()) == Connecting::State::failed);
    CHECK(cause(by_name.error()) == "no such name");
    const Address number = address("TCP:127.0.0.1:1");
    Connecting by_number(number.read, Use::both, OpenContext{});
    CHECK(by_number.advance(Connecting::Clock::now()) != Connecting::State::look_up);
}
