// Sinks that do not keep up, that join, and that leave.
#include <cerrno>

#include "catch.hpp"
#include "engine/workspace.hpp"
#include "unit/fanout_bench.hpp"

using namespace zc;
using namespace zc::test;

namespace {

// A pipe, the sink that is slow, and one through a pipe of its own.
std::vector<fake::Thing> with_slow(fake::Thing slow) {
    return {thing(FdKind::pipe), std::move(slow), never_sleeping(thing(FdKind::tcp_socket))};
}

std::vector<fake::Thing> slow_things() {
    return {thing(FdKind::pipe), never_sleeping(thing(FdKind::unix_socket)),
            thing(FdKind::terminal)};
}

// Bytes of `text` that are not in `got`, which is what is left of it after whole
// runs were taken out; nothing when it is not.
std::optional<std::size_t> left_out(std::string_view text, std::string_view got) {
    std::size_t at = 0;
    std::size_t out = 0;
    while (!got.empty()) {
        const auto differs = std::mismatch(got.begin(), got.end(), text.begin() + at, text.end());
        const auto same = static_cast<std::size_t>(differs.first - got.begin());
        at += same;
        got.remove_prefix(same);
        if (got.empty()) break;
        const std::size_t next = text.find(got.substr(0, 64), at);
        if (next == text.npos) return std::nullopt;
        out += next - at;
        at = next;
    }
    return out + text.size() - at;
}

void check_others(const Bench& bench) {
    CHECK(!bench.report.error);
    for (const std::size_t i : {0U, 2U}) {
        CHECK(!bench.report.sinks[i].error);
        CHECK(bench.report.sinks[i].missed == 0);
        CHECK((bench.got[i] == bench.text));
    }
}

}  // namespace

TEST_CASE("fanout: drop: whole chunks are missing, counted, and nobody waits") {
    const std::size_t kind = GENERATE(0U, 1U, 2U);
    const std::size_t buffer = GENERATE(std::size_t{0}, std::size_t{30000});
    const std::size_t resumes = GENERATE(std::size_t{0}, std::size_t{150000}, text_bytes + 1);
    INFO("kind " << kind << ", buffer " << buffer << ", reads from " << resumes);
    Bench bench(thing(FdKind::pipe), with_slow(slow_things()[kind]));
    bench.kernel.largest_pipe = 16 * 4096;
    bench.end(1).room = 20000;
    bench.prepare = [&](std::vector<FanoutSink>& sinks) {
        sinks[1].slow = Slow::drop;
        sinks[1].slow_after = std::chrono::milliseconds{1};
        sinks[1].buffer_bytes = buffer;
    };
    bench.reads = [&](std::size_t i) { return i != 1 || bench.got[0].size() >= resumes; };
    bench.run();
    check_others(bench);
    const SinkReport& slow = bench.report.sinks[1];
    CHECK(!slow.error);
    CHECK(slow.bytes == bench.got[1].size());
    CHECK(slow.bytes + slow.missed == text_bytes);
    const auto out = left_out(bench.text, bench.got[1]);
    REQUIRE(out);
    CHECK(*out == slow.missed);
    if (resumes > text_bytes) CHECK(slow.missed > 0);
}

TEST_CASE("fanout: detach: a sink that takes nothing fails in time, the others go on") {
    const std::size_t kind = GENERATE(0U, 1U, 2U);
    const std::size_t stops = GENERATE(std::size_t{0}, std::size_t{100000}, text_bytes - 1);
    Bench bench(thing(FdKind::pipe), with_slow(slow_things()[kind]));
    bench.kernel.largest_pipe = 16 * 4096;
    bench.end(1).room = 20000;
    bench.prepare = [&](std::vector<FanoutSink>& sinks) {
        sinks[1].slow = Slow::detach;
        sinks[1].slow_after = std::chrono::milliseconds{2};
    };
    bench.reads = [&](std::size_t i) { return i != 1 || bench.got[1].size() < stops; };
    bench.run();
    check_others(bench);
    const SinkReport& slow = bench.report.sinks[1];
    CHECK((bench.got[1] == bench.text.substr(0, slow.bytes)));
    // Who stops just before the end may have everything by then.
    if (stops == text_bytes - 1 && !slow.error) return;
    REQUIRE(slow.error);
    CHECK(slow.error->kind == Errc::timed_out);
    CHECK(slow.error->side == Side::sink);
    CHECK(cause(*slow.error) == "took nothing for 0.002 s");
    CHECK(slow.missed == 0);
}

TEST_CASE("fanout: buffer: the others have all while one has read nothing") {
    const std::size_t kind = GENERATE(0U, 1U, 2U);
    Bench bench(thing(FdKind::pipe), with_slow(slow_things()[kind]));
    bench.kernel.largest_pipe = 16 * 4096;
    bench.end(1).room = 20000;
    bench.prepare = [&](std::vector<FanoutSink>& sinks) { sinks[1].buffer_bytes = text_bytes; };
    // Without a buffer this would be waited for for ever.
    bench.reads = [&](std::size_t i) {
        return i != 1 || (bench.got[0].size() == text_bytes && bench.got[2].size() == text_bytes);
    };
    bench.run();
    bench.check_complete();
}

TEST_CASE("fanout: block: no buffer, and one that reads nothing holds all back") {
    Bench bench(thing(FdKind::pipe), with_slow(thing(FdKind::pipe)));
    bench.kernel.largest_pipe = 16 * 4096;
    bench.reads = [&](std::size_t i) { return i != 1; };
    bench.feeds = [&] { return false; };
    bench.begin().slot_count = 256;
    bench.feed(text_bytes);
    CHECK_THROWS_AS(bench.run(), fake::Hang);
    // What is in hand, and what its pipe took.
    CHECK(bench.got[0].size() <= 128 * 1024 + 2 * 64 * 1024);
}

TEST_CASE("fanout: a reader that leaves while the source is silent") {
    const bool watches = GENERATE(true, false);
    Bench bench(thing(FdKind::pipe), {thing(FdKind::pipe), thing(FdKind::pipe)});
    bench.watch_readers = watches;
    unsigned silent = 0;
    bench.kernel.on_sleep = [&, act = bench.kernel.on_sleep] {
        if (bench.got[1].size() < 2 * portion_bytes) return act();
        // First the one leaves, then the other; the source says nothing any more.
        bench.end(silent < 3 ? 0 : 1).gone = true;
        return ++silent < 9;
    };
    if (!watches) {
        CHECK_THROWS_AS(bench.run(), fake::Hang);
        return;
    }
    bench.run();
    CHECK(!bench.report.error);
    for (const SinkReport& sink : bench.report.sinks) {
        REQUIRE(sink.error);
        CHECK(means_broken_pipe(*sink.error));
    }
    CHECK(silent > 3);
}

TEST_CASE("fanout: what the loss of a sink means for the others") {
    const bool leaves = GENERATE(true, false);
    const auto on_loss = GENERATE(SinkLoss::others_go_on, SinkLoss::ends_all,
                                  SinkLoss::ends_all_unless_left, SinkLoss::ends_all_if_left);
    Bench bench(thing(FdKind::pipe), with_slow(thing(FdKind::pipe)));
    bench.prepare = [&](std::vector<FanoutSink>& sinks) { sinks[1].on_loss = on_loss; };
    if (leaves)
        bench.end(1).gone = true;
    else
        bench.end(1).failing = fake::Failing{50000, ENOSPC};
    bench.run();
    REQUIRE(bench.report.sinks[1].error);
    const bool ends =
        on_loss == SinkLoss::ends_all ||
        on_loss == (leaves ? SinkLoss::ends_all_if_left : SinkLoss::ends_all_unless_left);
    CHECK((bench.report.bytes < text_bytes) == ends);
    if (!ends) check_others(bench);
}

TEST_CASE("fanout: who joins gets what is taken from then on, and may leave") {
    const auto kind = GENERATE(FdKind::pipe, FdKind::tcp_socket);
    fake::Kernel kernel;
    const Fd source = kernel.open(thing(FdKind::pipe));
    const Fd first = kernel.open(thing(FdKind::pipe));
    const Fd late = kernel.open(never_sleeping(thing(kind)));
    kernel.of(source.view()).slot_count = 256;
    kernel.of(late.view()).room = 10000;
    const std::string text = pattern(text_bytes);
    Workspace space;
    FanoutOptions options;
    options.transfer.waiting = Waiting::by_poll;
    options.may_join = true;
    std::vector<FanoutSink> sinks;
    sinks.push_back({*look_at(first.view(), "first")});
    Fanout fanout(*look_at(source.view(), "source"), sinks, space, options);
    std::string got_first;
    std::string got_late;
    const auto settle = [&] {
        Progress progress;
        do {
            progress = fanout.advance();
            const std::string fresh = fake::drain(kernel.of(first.view()));
            const std::string fresh_late = fake::drain(kernel.of(late.view()));
            got_first += fresh;
            got_late += fresh_late;
            if (!fresh.empty() || !fresh_late.empty()) progress.state = Progress::State::moving;
        } while (progress.state == Progress::State::moving);
        return progress.state;
    };
    const auto send = [&](std::size_t from, std::size_t to) {
        fake::send(kernel.of(source.view()), text.substr(from, to - from));
    };
    send(0, 100000);
    CHECK(settle() == Progress::State::waiting);
    auto owner = std::make_shared<int>(1);
    const std::weak_ptr<int> owned = owner;
    fanout.join({*look_at(late.view(), "late"), SinkLoss::others_go_on, Slow::block,
                 std::chrono::milliseconds{1}, 0, std::move(owner)});
    send(100000, 200000);
    CHECK(settle() == Progress::State::waiting);
    CHECK((got_late == text.substr(100000, 100000)));
    kernel.of(late.view()).gone = true;
    send(200000, text_bytes);
    kernel.of(source.view()).ended = true;
    CHECK(settle() == Progress::State::finished);
    CHECK(owned.expired());
    CHECK((got_first == text));
    const FanoutReport report = fanout.report();
    CHECK(report.sinks.size() == 1);
    CHECK(!report.sinks[0].error);
}
