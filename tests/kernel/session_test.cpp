// Sessions and the relay's loop, over Linux: real sockets, real edges.
#include "relay/session_work.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <span>
#include <string>
#include <thread>

#include "catch.hpp"
#include "kernel/ends.hpp"
#include "kernel/limits.hpp"
#include "relay/watch.hpp"

using namespace zc;
using namespace std::chrono_literals;

namespace {

// As in zc-relay: a peer that leaves is an error of its session.
[[maybe_unused]] const auto ignored = std::signal(SIGPIPE, SIG_IGN);

// A stream whose other end is the test's.
struct Client {
    Stream stream;
    Fd far;
};

Client client(const char* label, EndOfWriting end = EndOfWriting::shutdown) {
    test::Pair pair = test::unix_pair(SOCK_STREAM);
    test::set_nonblocking(pair.near.view());
    StreamParts parts;
    parts.label = label;
    parts.reader = parts.writer = pair.near.view();
    parts.read_owner = std::move(pair.near);
    parts.end = end;
    parts.own_kind = FdKind::unix_socket;
    return {Stream(std::move(parts)), std::move(pair.far)};
}

// What a loop has for its sessions.
struct Rig {
    explicit Rig(SessionOptions options = {}, std::size_t pipe_memory = 1 << 24)
        : budget(pipe_memory), resources(std::move(options), budget, limits::relay_buffer_bytes) {}
    PipeBudget budget;
    Resources resources;
};

// Watches a session as the relay does.
Watch watch_over(const SessionWork& session) {
    auto watch = Watch::create();
    for (const Place place : {Place::left, Place::right})
        for (const FdView fd : session.descriptors(place))
            REQUIRE(watch->add(fd, place == Place::left ? 0 : 1));
    return std::move(*watch);
}

void tell(SessionWork& session, std::span<const sys::Event> events) {
    for (const sys::Event& event : events)
        session.notice(event.token == 0 ? Place::left : Place::right, event);
}

// Runs a session as the relay does, until it ends or, without an end, for 20 s.
std::vector<Error> run(SessionWork& session) {
    Watch watch = watch_over(session);
    const auto give_up = SessionWork::Clock::now() + 20s;
    for (;;) {
        const auto now = SessionWork::Clock::now();
        if (now > give_up) throw std::runtime_error("the session does not end");
        const auto state = session.advance(now);
        if (state == SessionWork::State::finished) return session.finish();
        if (state == SessionWork::State::moving) continue;
        const auto until = session.deadline().value_or(give_up);
        if (until <= now) throw std::runtime_error("the session spins");
        tell(session,
             watch.wait(std::chrono::ceil<std::chrono::milliseconds>(std::max(
                 until - SessionWork::Clock::now(), SessionWork::Clock::duration::zero()))));
    }
}

// Bytes that differ from page to page.
std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>((i * 7 + i / 4096) & 0xff);
    return text;
}

void half_close(FdView fd) { REQUIRE(::shutdown(fd.number(), SHUT_WR) == 0); }

}  // namespace

TEST_CASE("session: a late answer to a half-close arrives whole") {
    Client left = client("left");
    Client right = client("right");
    const std::string question = pattern(3'000'001);
    const std::string answer = pattern(5'000'003);
    std::string asked;
    std::string answered;
    std::thread asking([&] {
        test::write_all(left.far.view(), question);
        half_close(left.far.view());
        answered = test::read_all(left.far.view());
    });
    std::thread answering([&] {
        asked = test::read_all(right.far.view());  // to its end, and only then
        test::write_all(right.far.view(), answer);
        half_close(right.far.view());
    });
    Rig rig;
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    REQUIRE(session);
    const auto errors = run(**session);
    asking.join();
    answering.join();
    CHECK(errors.empty());
    CHECK(asked == question);
    CHECK(answered == answer);
}

TEST_CASE("session: -T ends it, but not with undelivered bytes and success") {
    Client left = client("left");
    Client right = client("right");
    SessionOptions options;
    options.idle_limit = 50ms;
    SECTION("idle") {
        Rig rig(options);
        auto session =
            SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
        CHECK(run(**session).empty());
    }
    SECTION("its sink takes nothing") {
        Rig rig(options);
        auto session =
            SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
        // As long as there is anything to write, the left side has more.
        const std::string more = pattern(100'000);
        std::atomic<bool> over = false;
        std::thread filling([&] {
            test::set_nonblocking(left.far.view());
            while (!over) {
                test::write_now(left.far.view(), more);
                std::this_thread::yield();
            }
        });
        const auto errors = run(**session);
        over = true;
        filling.join();
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].subject == "right");
        CHECK(cause(errors[0]) == "took nothing for too long; bytes are undelivered");
    }
}

TEST_CASE("session: -t waits for a reader that is slow, and does not spin meanwhile") {
    Client left = client("left");
    Client right = client("right");
    SessionOptions options;
    options.half_closed_limit = 20ms;
    Rig rig(options);
    const std::string answer = pattern(3'000'000);
    std::string answered;
    std::atomic<bool> over = false;
    std::thread answering([&] { test::write_all(right.far.view(), answer); });
    half_close(left.far.view());
    std::thread asking([&] {
        // Longer than the limit; as slow readers are.
        std::this_thread::sleep_for(100ms);
        test::set_nonblocking(left.far.view());
        while (!over || answered.size() < answer.size()) {
            const std::string some = test::read_now(left.far.view());
            answered += some;
            if (over && some.empty()) break;
        }
    });
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    const auto errors = run(**session);
    over = true;
    asking.join();
    answering.join();
    CHECK(errors.empty());
    CHECK(answered == answer);
}

TEST_CASE("session: what was heard before it began is not heard again, and counts") {
    Client left = client("left");
    Client right = client("right");
    test::write_all(right.far.view(), "bye");
    half_close(right.far.view());
    half_close(left.far.view());
    Rig rig;
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    (*session)->notice(Place::right, {0, true, true, true, false});
    // No event: all have been told before.
    auto state = (*session)->advance(SessionWork::Clock::now());
    for (int i = 0; i < 100 && state == SessionWork::State::moving; ++i)
        state = (*session)->advance(SessionWork::Clock::now());
    CHECK(state == SessionWork::State::finished);
    CHECK(test::read_all(left.far.view()) == "bye");
}

TEST_CASE("session: shut-close takes a descriptor away only when nothing of it is held") {
    Client left = client("left");
    Client right = client("right", EndOfWriting::close);
    const std::string answer = pattern(3'000'000);
    test::set_nonblocking(left.far.view());
    test::set_nonblocking(right.far.view());
    Rig rig;
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    Watch watch = watch_over(**session);
    const auto advance = [&] {
        tell(**session, watch.wait(0ms));
        return (*session)->advance(SessionWork::Clock::now());
    };
    // Until the reader's socket is full and something is held for it.
    std::size_t sent = 0;
    for (std::size_t some = 1; some != 0; sent += some) {
        while (advance() != SessionWork::State::waiting) {
        }
        some = test::write_now(right.far.view(), std::string_view(answer).substr(sent));
    }
    half_close(left.far.view());
    CHECK(advance() != SessionWork::State::finished);
    std::string got;
    auto state = SessionWork::State::waiting;
    for (int i = 0; i < 10'000 && state != SessionWork::State::finished; ++i) {
        got += test::read_now(left.far.view());
        state = advance();
    }
    got += test::read_now(left.far.view());
    CHECK(state == SessionWork::State::finished);
    CHECK((*session)->finish().empty());
    CHECK(got.size() == (*session)->traffic(Ways::to_left).bytes);
    CHECK(answer.starts_with(got));
}

TEST_CASE("session: a descriptor passed over a UNIX socket stops no bytes behind it") {
    Client left = client("left");
    Client right = client("right");
    const Fd passed = test::open_file("/dev/null", O_RDONLY);
    test::send_with(left.far.view(), "a", passed.view());
    test::write_all(left.far.view(), "b");
    Rig rig;
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    for (int i = 0; i < 100; ++i)  // without an event
        if ((*session)->advance(SessionWork::Clock::now()) != SessionWork::State::moving) break;
    CHECK(test::read_now(right.far.view()) == "ab");
    (*session)->abandon(SessionWork::Clock::now());
    (void)(*session)->finish();
}

TEST_CASE("session: who found no pipe takes one as soon as there is one") {
    Client left = client("left");
    Client right = client("right");
    Rig rig({}, limits::first_carrier_bytes);
    auto elsewhere = rig.resources.carriers.take();
    REQUIRE(elsewhere);
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    Watch watch = watch_over(**session);
    const std::string bulk = pattern(2 * limits::relay_buffer_bytes);
    const auto pass_on = [&] {
        test::write_all(left.far.view(), bulk);
        tell(**session, watch.wait(20s));
        while ((*session)->advance(SessionWork::Clock::now()) == SessionWork::State::moving) {
        }
        CHECK(test::read_now(right.far.view()) == bulk);
    };
    const auto carried = [&] {
        std::uint64_t bytes = 0;
        for (const EndReport& each : (*session)->reports())
            bytes += each.report.bytes_by[static_cast<std::size_t>(Method::carrier)];
        return bytes;
    };
    pass_on();
    pass_on();
    CHECK(carried() == 0);
    rig.resources.carriers.give_back(std::move(*elsewhere));
    pass_on();
    CHECK(carried() == bulk.size());
    (*session)->abandon(SessionWork::Clock::now());
    (void)(*session)->finish();
}

TEST_CASE("session: -t counts from the first end, and without it there is no limit") {
    Client left = client("left");
    Client right = client("right");
    SessionOptions options;
    options.half_closed_limit = 50ms;
    Rig rig(options);
    auto session =
        SessionWork::create(std::move(left.stream), std::move(right.stream), rig.resources);
    CHECK_FALSE((*session)->deadline());
    half_close(left.far.view());
    CHECK((*session)->advance(SessionWork::Clock::now()) == SessionWork::State::waiting);
    CHECK((*session)->deadline());
    CHECK(run(**session).empty());
}

TEST_CASE("session: a recording goes on when the sink has left") {
    const test::TempDir dir;
    const auto path = dir.file("recording", "");
    const Fd file = test::open_file(path, O_WRONLY);
    Client camera = client("camera");
    Client viewer = client("viewer");
    const std::string stream = pattern(1'000'000);
    SessionOptions options;
    options.ways = Ways::to_right;
    options.record_to_right = *look_at(file.view(), "recording");
    Rig rig(options);
    auto session =
        SessionWork::create(std::move(camera.stream), std::move(viewer.stream), rig.resources);
    std::thread filming([&] {
        test::write_all(camera.far.view(), stream);
        half_close(camera.far.view());
    });
    const std::size_t wanted = GENERATE(0U, 100'000U);
    test::set_nonblocking(viewer.far.view());
    std::thread watching([&] {
        std::size_t got = 0;
        while (got < wanted) got += test::read_now(viewer.far.view(), 4096).size();
        (void)viewer.far.close();
    });
    const auto errors = run(**session);
    filming.join();
    watching.join();
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].subject == "viewer");
    CHECK(test::read_all(test::open_file(path, O_RDONLY).view()) == stream);
}

TEST_CASE("session: a direction that a stream has no descriptor for is left out") {
    Client left = client("left");
    test::Pair out = test::pipe_to_write();
    StreamParts parts;
    parts.label = "STDOUT";
    parts.writer = out.near.view();
    parts.write_owner = std::move(out.near);
    parts.end = EndOfWriting::close;
    Rig rig;
    auto session =
        SessionWork::create(Stream(std::move(parts)), std::move(left.stream), rig.resources);
    REQUIRE(session);
    CHECK((*session)->reports().size() == 1);
    test::write_all(left.far.view(), "hello");
    half_close(left.far.view());
    CHECK(run(**session).empty());
    CHECK(test::read_all(out.far.view()) == "hello");
}

TEST_CASE("session: a blocking pipe that nobody reads stops only its own direction") {
    test::Pair out = test::pipe_to_write();
    Client peer = client("peer");
    StreamParts parts;
    parts.label = "STDOUT";
    parts.writer = out.near.view();  // blocking, and nobody reads it
    Client in = client("in");
    Stream left(std::move(in.stream), Stream(std::move(parts)));
    Rig rig;
    auto session = SessionWork::create(std::move(left), std::move(peer.stream), rig.resources);
    REQUIRE(session);
    test::set_nonblocking(peer.far.view());
    test::set_nonblocking(in.far.view());
    Watch watch = watch_over(**session);
    const auto advance = [&] {
        tell(**session, watch.wait(0ms));
        return (*session)->advance(SessionWork::Clock::now());
    };
    // Fill the way to the pipe until nothing moves there any more.
    while (test::write_now(peer.far.view(), pattern(65536)) != 0 ||
           advance() == SessionWork::State::moving) {
    }
    test::write_all(in.far.view(), "still alive");
    std::string seen;
    const auto give_up = SessionWork::Clock::now() + 10s;
    while (seen.size() < 11 && SessionWork::Clock::now() < give_up) {
        (void)advance();
        seen += test::read_now(peer.far.view());
    }
    CHECK(seen == "still alive");
    CHECK((*session)->finish().empty());
}
