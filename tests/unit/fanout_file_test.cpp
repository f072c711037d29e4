// A file to many sinks: its pages, its extents, and a writer who wants it.
#include <cerrno>

#include "catch.hpp"
#include "engine/workspace.hpp"
#include "kernel/limits.hpp"
#include "unit/fanout_bench.hpp"

using namespace zc;
using namespace zc::test;
using fake::Call;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t mib = 1024 * 1024;

std::vector<fake::Thing> all_kinds() {
    return {thing(FdKind::pipe), thing(FdKind::regular), thing(FdKind::regular, Append::yes),
            never_sleeping(thing(FdKind::tcp_socket)), never_sleeping(thing(FdKind::unix_socket))};
}

// A large file and sinks whose readers take all there is whenever somebody waits.
// A writer that got its turn ruins every byte that was taken: no sink may see it.
struct LeasedFanout {
    explicit LeasedFanout(std::size_t size, std::vector<fake::Thing> to = all_kinds())
        : content(pattern(size)) {
        from().content = content;
        from().on_release = [this] {
            released_at = Clock::now();
            from().content.replace(0, from().offset, from().offset, 'X');
        };
        for (fake::Thing& sink : to) sinks.push_back(kernel.open(std::move(sink)));
        got.resize(sinks.size());
        kernel.on_sleep = [this] { return visit(); };
    }

    bool visit() {
        ++visits;
        if (at_visit) at_visit();
        bool took = false;
        for (std::size_t i = 0; i < got.size(); ++i) took = collect(i) || took;
        return took;
    }

    bool collect(std::size_t i) {
        if (to(i).kind == FdKind::regular || !reads(i)) return false;
        const std::string fresh = fake::drain(to(i));
        got[i] += fresh;
        return !fresh.empty();
    }

    void run() {
        std::vector<FanoutSink> all;
        for (const Fd& fd : sinks) all.push_back({*look_at(fd.view(), "sink")});
        if (prepare) prepare(all);
        Workspace space;
        report = run_fanout(*look_at(file.view(), "file"), all, space, options);
        CHECK(space.held() == 0);
        for (std::size_t i = 0; i < got.size(); ++i) got[i] += fake::drain(to(i));
        CHECK_FALSE(from().leased);
    }

    void check_unchanged() const {
        INFO("error: " << (report.error ? cause(*report.error) : "none"));
        CHECK_FALSE(report.error);
        for (std::size_t i = 0; i < got.size(); ++i) {
            INFO("sink " << i);
            CHECK_FALSE(report.sinks[i].error);
            CHECK((got[i] == content));
            CHECK(report.sinks[i].bytes == content.size());
        }
    }

    void break_lease() {
        from().breaking = true;
        broken_at = Clock::now();
        spliced_before = kernel.spliced();
        splices_before = kernel.calls(Call::splice);
    }

    [[nodiscard]] std::uint64_t by(std::size_t sink, Method method) const {
        return report.sinks[sink].bytes_by[static_cast<std::size_t>(method)];
    }

    fake::Thing& from() { return kernel.of(file.view()); }
    fake::Thing& to(std::size_t i) { return kernel.of(sinks[i].view()); }

    std::string content;
    fake::Kernel kernel;
    Fd file = kernel.open({});
    std::vector<Fd> sinks;
    std::vector<std::string> got;
    std::function<void()> at_visit;
    std::function<void(std::vector<FanoutSink>&)> prepare;
    std::function<bool(std::size_t)> reads = [](std::size_t) { return true; };
    FanoutOptions options;
    FanoutReport report;
    unsigned visits = 0;
    Clock::time_point broken_at;
    Clock::time_point released_at;
    std::size_t spliced_before = 0;
    unsigned splices_before = 0;
};

}  // namespace

TEST_CASE("fanout: a file under lease: pages, extents, and a copied tail") {
    LeasedFanout leased(9 * mib + 5);
    leased.run();
    leased.check_unchanged();
    CHECK(leased.kernel.spliced() == 5 * mib);
    CHECK(leased.by(0, Method::tee) + leased.by(0, Method::carrier) == 5 * mib);
    CHECK(leased.by(1, Method::reflink) == 9 * mib + 5);
    CHECK(leased.by(2, Method::copy) == 9 * mib + 5);
    // The peer of a TCP socket may still have a page when it has acknowledged it.
    CHECK(leased.by(3, Method::copy) == 9 * mib + 5);
    CHECK(leased.by(4, Method::tee) == 5 * mib);
    CHECK(leased.report.demotions.empty());
}

TEST_CASE("fanout: a file below eight pipe-fulls is leased for its extents alone") {
    const auto with_file = GENERATE(true, false);
    LeasedFanout leased(
        mib, {thing(FdKind::pipe), thing(with_file ? FdKind::regular : FdKind::terminal)});
    leased.run();
    leased.check_unchanged();
    CHECK(leased.kernel.spliced() == 0);
    CHECK(leased.kernel.calls(Call::take_lease) == (with_file ? 1 : 0));
    if (with_file) CHECK(leased.by(1, Method::reflink) == mib);
}

TEST_CASE("fanout: the lease is held while its last pages are here, whoever is left") {
    const auto one_is_lost = GENERATE(false, true);
    LeasedFanout leased(9 * mib + 5, one_is_lost
                                         ? std::vector{thing(FdKind::regular), thing(FdKind::pipe)}
                                         : std::vector{thing(FdKind::regular)});
    if (one_is_lost) leased.to(1).gone = true;
    leased.run();
    CHECK((leased.got[0] == leased.content));
    CHECK(leased.by(0, Method::reflink) == 9 * mib + 5);
}

TEST_CASE("fanout: a file that cannot be leased is read once for all") {
    LeasedFanout leased(9 * mib);
    SECTION("somebody writes it") { leased.from().writers = true; }
    SECTION("the kernel refuses") { leased.kernel.fails(Call::take_lease, EACCES); }
    leased.run();
    leased.check_unchanged();
    CHECK(leased.kernel.spliced() == 0);
    CHECK(leased.kernel.calls(Call::copy_file_range) == 0);
    REQUIRE(leased.report.demotions.size() == 1);
    CHECK(leased.report.demotions[0].to == Method::copy);
}

TEST_CASE("fanout: --zero-copy=never and always take no lease") {
    const auto zero_copy = GENERATE(ZeroCopy::never, ZeroCopy::always);
    LeasedFanout leased(9 * mib);
    leased.options.transfer.policy.zero_copy = zero_copy;
    leased.run();
    leased.check_unchanged();
    CHECK(leased.kernel.calls(Call::take_lease) == 0);
    CHECK(leased.kernel.calls(Call::copy_file_range) == 0);
    CHECK((leased.kernel.spliced() != 0) == (zero_copy == ZeroCopy::always));
}

TEST_CASE("fanout: extents that cannot be shared at any call are spliced, and exact") {
    const int code = GENERATE(EXDEV, ENOSPC, 0);
    for (unsigned first = 1; first <= 12; ++first) {
        INFO("call " << first << " answers " << code);
        LeasedFanout leased(9 * mib + 5);
        leased.kernel.fails(Call::copy_file_range, code, {first, 1});
        leased.run();
        leased.check_unchanged();
        CHECK(leased.kernel.calls(Call::copy_file_range) == first);
        CHECK(leased.report.sinks[1].demotions.size() == 1);
    }
}

TEST_CASE("fanout: short counts of extents, pages and writes") {
    const std::size_t divisor = GENERATE(std::size_t{2}, std::size_t{7});
    LeasedFanout leased(9 * mib + 5);
    const auto cut = [divisor](std::size_t bytes) { return bytes / divisor + 1; };
    for (std::size_t i = 0; i < leased.sinks.size(); ++i) leased.to(i).cut = cut;
    leased.run();
    leased.check_unchanged();
    CHECK(leased.by(1, Method::reflink) > mib);
}

TEST_CASE("fanout: a writer comes at any time: copied from then on, released, unchanged") {
    for (unsigned when = 1; when <= 40; ++when) {
        INFO("at visit " << when);
        LeasedFanout leased(20 * mib);
        leased.to(4).room = 50000;
        leased.at_visit = [&] {
            if (leased.visits == when) leased.break_lease();
        };
        leased.run();
        leased.check_unchanged();
        REQUIRE(leased.visits >= when);
        CHECK(leased.kernel.spliced() == leased.spliced_before);
        // What is in our own pipes is copied, too.
        CHECK(leased.kernel.calls(Call::splice) == leased.splices_before);
        CHECK(leased.by(1, Method::reflink) < 20 * mib);
        CHECK(leased.released_at >= leased.broken_at);
        CHECK(leased.released_at - leased.broken_at < limits::lease_grace);
    }
}

TEST_CASE("fanout: a writer, and a reader that does not read: released in time, and told") {
    const auto stuck = GENERATE(std::size_t{0}, std::size_t{4});
    LeasedFanout leased(20 * mib);
    leased.at_visit = [&] {
        if (leased.visits == 3) leased.break_lease();
    };
    leased.reads = [&](std::size_t i) { return i != stuck; };
    // Otherwise it would be waited for.
    leased.prepare = [&](std::vector<FanoutSink>& sinks) {
        sinks[stuck].slow = Slow::detach;
        sinks[stuck].slow_after = std::chrono::milliseconds{600};
    };
    leased.run();
    REQUIRE(leased.report.error);
    CHECK(cause(*leased.report.error) == "file was opened for writing while its reader was behind");
    CHECK(leased.report.error->subject == "file");
    const auto waited = leased.released_at - leased.broken_at;
    CHECK(waited >= std::chrono::milliseconds{100});
    CHECK(waited < limits::lease_grace + std::chrono::milliseconds{50});  // and a busy machine
    for (std::size_t i = 0; i < leased.got.size(); ++i) {
        const std::string& got = leased.got[i];
        CHECK(got.size() == leased.report.sinks[i].bytes);
        if (i != stuck) CHECK((got == leased.content.substr(0, got.size())));
    }
}

TEST_CASE("fanout: a sink that was lost is not waited for when a writer comes") {
    LeasedFanout leased(20 * mib, {thing(FdKind::pipe), thing(FdKind::pipe)});
    leased.at_visit = [&] {
        if (leased.visits == 2) leased.to(0).gone = true;
        if (leased.visits == 4) leased.break_lease();
    };
    leased.reads = [](std::size_t i) { return i != 0; };
    leased.run();
    CHECK_FALSE(leased.report.error);
    CHECK(leased.report.sinks[0].error);
    CHECK((leased.got[1] == leased.content));
    CHECK(leased.released_at - leased.broken_at < std::chrono::milliseconds{100});
}

TEST_CASE("fanout: a lease that was lost is told") {
    LeasedFanout leased(20 * mib);
    const bool noticed = GENERATE(true, false);
    leased.at_visit = [&] {
        if (leased.from().offset < 17 * mib || leased.from().lease_lost) return;
        leased.from().lease_lost = true;
        leased.from().breaking = noticed;
    };
    leased.run();
    REQUIRE(leased.report.error);
    CHECK(cause(*leased.report.error) == "file was opened for writing while its reader was behind");
}

TEST_CASE("fanout: drop and buffer with a file's pages") {
    LeasedFanout leased(20 * mib);
    leased.prepare = [&](std::vector<FanoutSink>& sinks) {
        sinks[0].slow = Slow::drop;
        sinks[0].slow_after = std::chrono::milliseconds{1};
        sinks[4].buffer_bytes = 3 * mib;
    };
    leased.reads = [&](std::size_t i) { return i != 0 || leased.visits % 50 == 0; };
    leased.run();
    CHECK_FALSE(leased.report.error);
    CHECK(leased.report.sinks[0].missed != 0);
    CHECK(leased.report.sinks[0].bytes + leased.report.sinks[0].missed == 20 * mib);
    for (std::size_t i = 1; i < leased.got.size(); ++i) CHECK((leased.got[i] == leased.content));
}

TEST_CASE("fanout: a file at an offset, and a limit") {
    LeasedFanout leased(12 * mib);
    leased.from().offset = 12345;
    leased.options.transfer.limit = 10 * mib;
    leased.run();
    leased.content = leased.content.substr(12345, 10 * mib);
    leased.check_unchanged();
    CHECK(leased.by(1, Method::reflink) == 10 * mib);
    CHECK(leased.from().offset == 12345 + 10 * mib);
}
