// The fan-out over the fake kernel: whatever fails, at whatever call, no byte is
// lost, repeated or given to the wrong sink.
#include "engine/fanout.hpp"

#include <algorithm>
#include <cerrno>

#include "catch.hpp"
#include "unit/fanout_bench.hpp"

using namespace zc;
using fake::Call;
using namespace zc::test;

namespace {

// One that is teed to, one through a pipe of its own, one that refuses splice, and
// one that could sleep.
std::vector<fake::Thing> four_sinks() {
    return {thing(FdKind::pipe), never_sleeping(thing(FdKind::unix_socket)),
            thing(FdKind::regular, Append::yes), thing(FdKind::tcp_socket)};
}

// How many gave up splice because a call said so.
std::size_t sinks_demoted(const FanoutReport& report) {
    return static_cast<std::size_t>(
        std::count_if(report.sinks.begin(), report.sinks.end(), [](const SinkReport& sink) {
            return std::any_of(sink.demotions.begin(), sink.demotions.end(),
                               [](const Demotion& d) { return d.reason.code != 0; });
        }));
}

std::uint64_t by(const FanoutReport& report, Method method) {
    return report.bytes_by[static_cast<std::size_t>(method)];
}

}  // namespace

TEST_CASE("fanout: tee that is refused at any call loses and repeats nothing") {
    const auto source = GENERATE(FdKind::pipe, FdKind::unix_socket);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const int code = GENERATE(EINVAL, EAGAIN);
    for (unsigned first = 1; first <= 12; ++first) {
        INFO("tee call " << first << " answers " << code);
        Bench bench(thing(source), four_sinks(), waiting);
        bench.kernel.fails(Call::tee, code, {first, 1});
        bench.run();
        bench.check_complete();
        const bool reached = bench.kernel.calls(Call::tee) >= first;
        // EAGAIN of a sink's own pipe only means that it is full.
        const std::size_t demoted = sinks_demoted(bench.report);
        CHECK(demoted <= (reached ? 1 : 0));
        if (code == EINVAL) CHECK(demoted == (reached ? 1 : 0));
        if (first == 1) CHECK(reached);
    }
}

TEST_CASE("fanout: a chunk larger than the buffer, in the middle of which tee is refused") {
    const unsigned first = GENERATE(1U, 2U, 3U);
    Bench bench(thing(FdKind::pipe), four_sinks());
    bench.begin().slot_count = 256;
    bench.feed(70000);
    bench.portion = text_bytes;
    bench.kernel.fails(Call::tee, EINVAL, {first});
    bench.run();
    bench.check_complete();
    CHECK(by(bench.report, Method::tee) == text_bytes - 70000);
}

TEST_CASE("fanout: splice that is refused at any call loses and repeats nothing") {
    const auto source = GENERATE(FdKind::pipe, FdKind::regular);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const int code = GENERATE(EINVAL, EPERM);
    const unsigned count = GENERATE(1U, ~0U);
    for (unsigned first = 1; first <= 24; ++first) {
        INFO("splice call " << first << " answers " << code);
        Bench bench(thing(source), four_sinks(), waiting);
        bench.policy.zero_copy = ZeroCopy::always;
        bench.kernel.fails(Call::splice, code, {first, count});
        bench.run();
        bench.check_complete();
    }
}

TEST_CASE("fanout: EAGAIN at any call of splice is waited for") {
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    for (unsigned first = 1; first <= 24; ++first) {
        INFO("splice call " << first);
        Bench bench(thing(FdKind::pipe), four_sinks(), waiting);
        bench.kernel.fails(Call::splice, EAGAIN, {first, 2});
        bench.run();
        bench.check_complete();
        CHECK(bench.report.demotions.empty());
    }
}

TEST_CASE("fanout: an error at any call is one sink's, or the source's, and exact") {
    const auto call = GENERATE(Call::splice, Call::write, Call::read);
    const auto source = GENERATE(FdKind::pipe, FdKind::unix_socket);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    for (unsigned first = 1; first <= 24; ++first) {
        INFO("call " << first);
        Bench bench(thing(source), four_sinks(), waiting);
        bench.kernel.fails(call, EIO, {first, 1});
        bench.run();
        bench.check_exact();
        const auto dead = std::count_if(bench.report.sinks.begin(), bench.report.sinks.end(),
                                        [](const SinkReport& sink) { return !!sink.error; });
        CHECK(dead + (bench.report.error ? 1 : 0) <= 1);
        if (bench.report.error) CHECK(bench.report.error->subject == "source");
        if (!bench.report.error) CHECK(bench.report.bytes == text_bytes);
    }
}

TEST_CASE("fanout: a sink that fails after any byte, at any place") {
    const auto source = GENERATE(FdKind::pipe, FdKind::unix_socket, FdKind::terminal);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    for (const std::size_t after : {std::size_t{0}, std::size_t{1}, portion_bytes,
                                    portion_bytes * 3 + 1, std::size_t{100000}, text_bytes - 1})
        for (std::size_t place = 0; place < 4; ++place) {
            INFO("after " << after << " at " << place);
            Bench bench(thing(source), four_sinks(), waiting);
            bench.end(place).failing = fake::Failing{after, EIO};
            bench.run();
            CHECK(!bench.report.error);
            CHECK(bench.report.bytes == text_bytes);
            bench.check_exact();
            for (std::size_t i = 0; i < 4; ++i)
                CHECK(bench.report.sinks[i].error.has_value() == (i == place));
            CHECK(bench.report.sinks[place].bytes == after);
        }
}

TEST_CASE("fanout: short counts everywhere") {
    const auto source = GENERATE(FdKind::pipe, FdKind::unix_socket, FdKind::regular);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const std::size_t divisor = GENERATE(std::size_t{2}, std::size_t{7}, std::size_t{50});
    Bench bench(thing(source), four_sinks(), waiting);
    bench.policy.zero_copy = ZeroCopy::always;
    const auto cut = [divisor](std::size_t bytes) { return bytes / divisor; };
    bench.begin().cut = cut;
    for (std::size_t i = 0; i < 4; ++i) bench.end(i).cut = cut;
    bench.run();
    bench.check_complete();
}

TEST_CASE("fanout: a pipe smaller than the chunk is teed to in parts") {
    const auto place = GENERATE(0U, 1U, 2U);
    std::vector<fake::Thing> sinks{thing(FdKind::pipe), thing(FdKind::pipe),
                                   never_sleeping(thing(FdKind::tcp_socket))};
    Bench bench(thing(FdKind::pipe), sinks);
    bench.begin().slot_count = 256;
    bench.feed(text_bytes);
    // Of the source's pipe, the sinks' and our own, all but this one are made large.
    bench.kernel.fails(Call::set_pipe_capacity, EPERM, {place + 2, 5});
    bench.run();
    bench.check_complete();
    CHECK(bench.kernel.calls(Call::tee) > 1);
    CHECK(bench.kernel.calls(Call::read) == 1);  // the end is confirmed; no share was copied
    for (const SinkReport& sink : bench.report.sinks) CHECK(sink.demotions.empty());
}

TEST_CASE("fanout: a sink that fails in the middle of a chunk disturbs nobody") {
    const auto place = GENERATE(range(std::size_t{0}, std::size_t{4}));
    Bench bench(thing(FdKind::pipe),
                {thing(FdKind::pipe), never_sleeping(thing(FdKind::tcp_socket)),
                 thing(FdKind::regular), never_sleeping(thing(FdKind::unix_socket))});
    bench.begin().slot_count = 256;
    bench.feed(text_bytes);
    bench.end(place).failing = fake::Failing{140000, ENOSPC};
    bench.run();
    CHECK(!bench.report.error);
    bench.check_exact();
    CHECK(bench.report.sinks[place].bytes == 140000);
    CHECK(by(bench.report, Method::tee) > 100000);
    CHECK(bench.report.demotions.empty());
}

TEST_CASE("fanout: no pipe can be made, from the first or the second on") {
    const unsigned first = GENERATE(1U, 2U);
    Bench bench(thing(FdKind::pipe), four_sinks());
    bench.kernel.fails(Call::make_pipe, EMFILE, {first});
    bench.run();
    bench.check_complete();
    const auto& demotions = first == 1 ? bench.report.demotions : bench.report.sinks[1].demotions;
    REQUIRE(demotions.size() == 1);
    CHECK(demotions[0].reason.code == EMFILE);
    if (first == 1) CHECK(by(bench.report, Method::copy) == text_bytes);
}

TEST_CASE("fanout: small inputs make no pipe") {
    Bench bench(thing(FdKind::regular), four_sinks());
    bench.policy.zero_copy = ZeroCopy::always;
    bench.begin().content.resize(60000);
    bench.run();
    CHECK(bench.report.bytes == 60000);
    bench.check_exact();
    CHECK(bench.kernel.calls(Call::make_pipe) == 0);
    CHECK(bench.kernel.calls(Call::set_pipe_capacity) == 0);
}

TEST_CASE("fanout: one sink needs one pipe and no tee") {
    Bench bench(thing(FdKind::unix_socket), {thing(FdKind::tcp_socket)});
    bench.run();
    bench.check_complete();
    CHECK(bench.kernel.calls(Call::make_pipe) == 1);
    CHECK(bench.kernel.calls(Call::tee) == 0);
    CHECK(by(bench.report, Method::carrier) > 0);
}

TEST_CASE("fanout: where every sink is written, the source is read once for all") {
    Bench bench(thing(FdKind::pipe), {thing(FdKind::regular, Append::yes), thing(FdKind::terminal),
                                      thing(FdKind::regular, Append::yes)});
    bench.run();
    bench.check_complete();
    CHECK(bench.kernel.calls(Call::tee) == 0);
    CHECK(bench.kernel.calls(Call::make_pipe) == 0);
}

TEST_CASE("fanout: a file that claims too little is read to its end") {
    Bench bench(thing(FdKind::regular), four_sinks());
    bench.policy.zero_copy = ZeroCopy::always;
    bench.kernel.fails(Call::splice, 0, {1, 1});
    bench.run();
    bench.check_complete();
    REQUIRE(bench.report.demotions.size() == 1);
    CHECK(cause(bench.report.demotions[0].reason) == "it holds more than was said");
}

TEST_CASE("fanout: all sinks fail") {
    Bench bench(thing(FdKind::pipe), {device_full(), device_full()});
    bench.run();
    CHECK(!bench.report.error);
    CHECK(bench.report.bytes <= portion_bytes);
    for (const SinkReport& sink : bench.report.sinks) {
        REQUIRE(sink.error);
        CHECK(sink.error->code == ENOSPC);
        CHECK(sink.error->subject == "sink");
        CHECK(sink.bytes == 0);
    }
}

TEST_CASE("fanout: a page that was taken away before it was read is the source's failure") {
    Bench bench(thing(FdKind::pipe), {thing(FdKind::pipe), thing(FdKind::pipe)});
    bench.begin().slot_count = 256;
    bench.feed(text_bytes);
    bench.begin().slots[50] = {};
    bench.run();
    REQUIRE(bench.report.error);
    CHECK(bench.report.error->code == ENODATA);
    CHECK(bench.report.error->side == Side::source);
    CHECK(bench.report.bytes == 50 * 4096);
    bench.check_exact();
}

TEST_CASE("fanout: a page that is taken away on its way is the end, of exact prefixes") {
    Bench bench(thing(FdKind::pipe),
                {never_sleeping(thing(FdKind::unix_socket)), thing(FdKind::pipe)});
    bench.end(0).room = 10000;
    bench.kernel.largest_pipe = 16 * 4096;
    bench.begin().slot_count = 256;
    bench.feed(text_bytes);
    // While the first sink is full, its own pipe holds the rest of the chunk.
    bench.kernel.on_sleep = [&bench, act = bench.kernel.on_sleep, done = false]() mutable {
        const int first = bench.sink(1).number() + 1;
        for (int number = first; !done && number < first + 9; ++number) {
            const FdView fd(number);
            if (!bench.kernel.knows(fd)) continue;
            fake::Thing& pipe = bench.kernel.of(fd);
            if (pipe.owner != fake::Owner::ours || pipe.slots.size() <= 10) continue;
            pipe.slots.back() = {};
            done = true;
        }
        return act();
    };
    bench.run();
    REQUIRE(bench.report.error);
    CHECK(bench.report.error->side == Side::source);
    CHECK(bench.report.error->subject == "source");
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(bench.got[i].size() == bench.report.sinks[i].bytes);
        CHECK((bench.got[i] == bench.text.substr(0, bench.got[i].size())));
    }
    CHECK(bench.got[0].size() >= 10000);
    CHECK(bench.got[0].size() < text_bytes);
}
