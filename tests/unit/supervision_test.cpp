// What may hold a transfer up or end it: rate, bounds; and what is told meanwhile.
#include <atomic>
#include <cmath>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/fanout.hpp"
#include "engine/workspace.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using namespace std::chrono_literals;
using zc::test::pattern;

namespace {

fake::Thing socket(std::string incoming = "") {
    return {.kind = FdKind::unix_socket, .incoming = std::move(incoming), .ended = true};
}

// A source, and a sink whose reader takes what it gets unless he is asleep.
struct Bench {
    explicit Bench(fake::Thing from, fake::Thing to = {.kind = FdKind::unix_socket})
        : source(kernel.open(std::move(from))), sink(kernel.open(std::move(to))) {
        kernel.on_sleep = [this] {
            const std::string fresh = asleep ? "" : fake::drain(kernel.of(sink.view()));
            received += fresh;
            return !fresh.empty();
        };
    }
    Endpoint begin() const { return *look_at(source.view(), "source"); }
    Endpoint end() const { return *look_at(sink.view(), "sink"); }

    fake::Kernel kernel;
    Fd source;
    Fd sink;
    std::string received;
    bool asleep = false;
};

TransferOptions supervised(Supervision supervision) {
    TransferOptions options;
    options.waiting = Waiting::by_poll;
    options.supervision = supervision;
    return options;
}

}  // namespace

TEST_CASE("rate: within 1 % over any two seconds, and no burst above 50 ms worth") {
    for (const std::uint64_t rate : {100U, 1'000'000U, 1'000'000'000U}) {
        const auto start = RateLimit::Clock::now();
        const std::atomic<std::uint64_t> bytes_a_second = rate;
        RateLimit limit(bytes_a_second, nullptr, start);
        std::vector<std::pair<double, std::uint64_t>> taken;  // when, how much in all
        std::uint64_t all = 0;
        std::uint64_t most = 0;
        auto now = start;
        // Sleepers are late, by up to 8 ms here.
        for (int i = 0; now < start + 10s; ++i) {
            const auto leave = limit.ask(now);
            if (leave.bytes == 0) {
                REQUIRE(leave.wait > 0ms);
                now += leave.wait + std::chrono::milliseconds(i % 9);
                continue;
            }
            limit.took(leave.bytes);
            all += leave.bytes;
            most = std::max(most, leave.bytes);
            taken.emplace_back(std::chrono::duration<double>(now - start).count(), all);
        }
        CHECK(static_cast<double>(most) <= std::max(1.0, 0.05 * static_cast<double>(rate)));
        for (std::size_t i = 0, j = 0; j < taken.size(); ++j) {
            while (taken[j].first - taken[i].first > 2.0) ++i;
            const double seconds = taken[j].first - taken[i].first;
            if (seconds < 1.97) continue;
            const double bytes = static_cast<double>(taken[j].second - taken[i].second);
            const double wanted = seconds * static_cast<double>(rate);
            CHECK(std::abs(bytes - wanted) <= 0.01 * wanted + 1);
        }
    }
}

TEST_CASE("rate: what was saved up is no more than a burst, also when the rate is changed") {
    const auto start = RateLimit::Clock::now();
    std::atomic<std::uint64_t> rate = 1000;
    RateLimit limit(rate, nullptr, start);
    CHECK(limit.ask(start + 10s).bytes == 50);
    rate = 100;
    CHECK(limit.ask(start + 10s).bytes == 5);
    limit.took(5);
    const auto leave = limit.ask(start + 10s);
    CHECK(leave.bytes == 0);
    CHECK(leave.wait == 10ms);
    rate = 0;
    CHECK(limit.ask(start + 10s).bytes > 1'000'000'000);
}

TEST_CASE("rate: two limits are kept at once, and one by several") {
    const auto start = RateLimit::Clock::now();
    const std::atomic<std::uint64_t> all_rate = 1000;
    const std::atomic<std::uint64_t> one_rate = 2000;
    RateLimit all(all_rate, nullptr, start);
    RateLimit one(one_rate, &all, start);
    RateLimit other(one_rate, &all, start);
    CHECK(one.ask(start + 1s).bytes == 50);
    one.took(50);
    CHECK(other.ask(start + 1s).bytes == 0);
    CHECK(other.ask(start + 1s).wait == 10ms);
    CHECK(other.ask(start + 1s + 10ms).bytes == 10);
}

TEST_CASE("patience: nothing moves for too long on either side") {
    Bench bench({.kind = FdKind::pipe}, {.kind = FdKind::unix_socket, .outgoing = "x", .room = 1});
    Patience patience({20ms, {}});
    const std::array source{Interest{bench.source.view(), Readiness::readable}};
    const std::array sink{Interest{bench.sink.view(), Readiness::writable}};
    bench.asleep = true;
    const auto nothing = patience.wait(source, source, {});
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind == Errc::out_of_time);
    CHECK(nothing.error().side == Side::source);
    CHECK(cause(nothing.error()) == "nothing came for 0.02 s");
    const auto full = patience.wait(sink, sink, {});
    REQUIRE_FALSE(full);
    CHECK(full.error().side == Side::sink);
    CHECK(cause(full.error()) == "nothing was taken for 0.02 s");
}

TEST_CASE("patience: a look in between is no end, and waiting for the rate no stall") {
    Bench bench({.kind = FdKind::pipe});
    Patience patience({50ms, {}});
    const std::array source{Interest{bench.source.view(), Readiness::readable}};
    CHECK(patience.wait(source, source, 1ms));
    for (int i = 0; i < 8; ++i) CHECK(patience.wait({}, {}, 10ms));
    CHECK(patience.wait(source, source, 1ms));
}

TEST_CASE("patience: the time in all is over, waiting or moving") {
    Bench bench({.kind = FdKind::pipe});
    Patience patience({{}, 10ms});
    const std::array source{Interest{bench.source.view(), Readiness::readable}};
    const auto waiting = patience.wait(source, source, {});
    REQUIRE_FALSE(waiting);
    CHECK(cause(waiting.error()) == "it was waited for when 0.01 s were over");
    const auto moving = patience.moved();
    REQUIRE_FALSE(moving);
    CHECK(cause(moving.error()) == "0.01 s were over");
}

TEST_CASE("gauge: pauses of a second and more are added up, but not those for the rate") {
    const Gauge::Clock::time_point start{};
    Gauge gauge(start);
    gauge.moved(1, start + 1500ms);
    CHECK(gauge.stalled(start + 1500ms) == 1500ms);
    gauge.moved(1, start + 2400ms);
    CHECK(gauge.stalled(start + 2400ms) == 1500ms);
    gauge.rests(start + 3000ms);
    gauge.rests(start + 3900ms);
    CHECK(gauge.stalled(start + 3900ms) == 1500ms);
    CHECK(gauge.stalled(start + 6000ms) == 3600ms);
    CHECK(gauge.bytes() == 2);
}

TEST_CASE("transfer: is ended by its bounds, and says on which side") {
    for (const bool sink_full : {false, true}) {
        Bench bench({.kind = FdKind::unix_socket, .incoming = pattern(100'000), .ended = false});
        bench.asleep = sink_full;
        Patience patience({10ms, {}});
        Workspace space;
        const auto report =
            run_transfer(bench.begin(), bench.end(), space, supervised({{}, {}, &patience}));
        REQUIRE(report.error);
        CHECK(report.error->kind == Errc::out_of_time);
        CHECK(report.error->subject == (sink_full ? "sink" : "source"));
        CHECK(report.try_laters != 0);
        CHECK(space.held() == 0);
    }
}

TEST_CASE("transfer: keeps to a rate, and tells what has moved") {
    Bench bench(socket(pattern(300'000)));
    const std::atomic<std::uint64_t> bytes_a_second = 10'000'000;
    RateLimit rate(bytes_a_second);
    Gauge gauge;
    Workspace space;
    Transfer transfer(bench.begin(), bench.end(), space, supervised({&gauge, &rate, nullptr}));
    bool waited = false;
    for (;;) {
        const auto before = gauge.bytes();
        const auto progress = transfer.advance();
        CHECK(gauge.bytes() - before <= 500'000);
        if (progress.state == Progress::State::finished) break;
        if (progress.state != Progress::State::waiting) continue;
        waited |= !progress.wants;
        wait_for(progress);
    }
    CHECK(waited);
    CHECK(gauge.bytes() == 300'000);
    CHECK_FALSE(transfer.report().error);
    CHECK(transfer.report().elapsed >= 20ms);
    bench.received += fake::drain(bench.kernel.of(bench.sink.view()));
    CHECK((bench.received == pattern(300'000)));
}

TEST_CASE("fanout: keeps to a rate and is ended by its bounds") {
    SECTION("rate") {
        Bench bench(socket(pattern(300'000)));
        const Fd other = bench.kernel.open({.kind = FdKind::regular});
        const std::atomic<std::uint64_t> bytes_a_second = 10'000'000;
        RateLimit rate(bytes_a_second);
        Gauge gauge;
        Workspace space;
        const auto report =
            run_fanout(bench.begin(), {{bench.end()}, {*look_at(other.view(), "other")}}, space,
                       FanoutOptions(supervised({&gauge, &rate, nullptr})));
        CHECK_FALSE(report.error);
        CHECK(report.elapsed >= 20ms);
        CHECK(gauge.bytes() == 300'000);
        CHECK((bench.kernel.of(other.view()).content == pattern(300'000)));
    }
    SECTION("a source that stalls") {
        Bench bench({.kind = FdKind::unix_socket, .incoming = pattern(1000), .ended = false});
        Patience patience({10ms, {}});
        Workspace space;
        const auto report = run_fanout(bench.begin(), {{bench.end()}}, space,
                                       FanoutOptions(supervised({{}, {}, &patience})));
        REQUIRE(report.error);
        CHECK(report.error->kind == Errc::out_of_time);
        CHECK(report.error->subject == "source");
        CHECK(report.sinks[0].bytes == 1000);
    }
    SECTION("a sink that stalls") {
        Bench bench(socket(pattern(300'000)));
        bench.asleep = true;
        Patience patience({10ms, {}});
        Workspace space;
        const auto report = run_fanout(bench.begin(), {{bench.end()}}, space,
                                       FanoutOptions(supervised({{}, {}, &patience})));
        REQUIRE(report.sinks[0].error);
        CHECK(report.sinks[0].error->kind == Errc::out_of_time);
        CHECK(report.sinks[0].error->subject == "sink");
    }
}
