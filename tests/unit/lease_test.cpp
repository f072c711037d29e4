#include "engine/lease.hpp"

#include <cerrno>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/transfer.hpp"
#include "engine/workspace.hpp"
#include "kernel/limits.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using zc::test::pattern;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t mib = 1024 * 1024;

// A large file, a pipe, and a reader that takes `per_visit` bytes whenever the
// mover waits. A writer that got its turn (the lease was released) ruins every
// byte the mover has taken: what the reader gets must not change by that.
struct Leased {
    explicit Leased(std::size_t size) : content(pattern(size)) {
        file_thing().content = content;
        file_thing().on_release = [this] {
            released_at = Clock::now();
            const std::size_t taken = file_thing().offset;
            file_thing().content.replace(0, taken, taken, 'X');
        };
        kernel.on_sleep = [this] { return visit(); };
    }

    bool visit() {
        ++visits;
        if (at_visit) at_visit();
        std::size_t taken = 0;
        while (taken < per_visit && !pipe_thing().slots.empty()) {
            received += pipe_thing().slots.front().text();
            taken += pipe_thing().slots.front().size;
            pipe_thing().slots.pop_front();
        }
        return taken != 0;
    }

    TransferReport run(std::optional<std::uint64_t> limit = {}) {
        auto report = run_transfer(*look_at(file.view(), "file"), *look_at(sink.view(), "pipe"),
                                   space, {{}, limit, Waiting::in_kernel});
        received += fake::drain(pipe_thing());
        CHECK_FALSE(file_thing().leased);
        return report;
    }

    void check_unchanged(const TransferReport& report, std::size_t bytes) {
        INFO("error: " << (report.error ? cause(*report.error) : "none"));
        CHECK_FALSE(report.error);
        CHECK(report.bytes == bytes);
        CHECK(received.size() == bytes);
        CHECK((received == content.substr(0, bytes)));
    }

    // As after a stop that was longer than lease-break-time; `noticed` by asking.
    void lose_lease(bool noticed) {
        file_thing().lease_lost = true;
        file_thing().breaking = noticed;
    }

    void break_lease() {
        file_thing().breaking = true;
        broken_at = Clock::now();
        spliced_before = kernel.spliced();
    }

    fake::Thing& file_thing() { return kernel.of(file.view()); }
    fake::Thing& pipe_thing() { return kernel.of(sink.view()); }

    std::string content;
    fake::Kernel kernel;
    Fd file = kernel.open({});
    Fd sink = kernel.open({.kind = FdKind::pipe});
    Workspace space;
    std::string received;
    std::size_t per_visit = 16 * mib;
    unsigned visits = 0;
    std::function<void()> at_visit;
    Clock::time_point broken_at;
    Clock::time_point released_at;
    std::size_t spliced_before = 0;
};

std::uint64_t by(const TransferReport& report, Method method) {
    return report.bytes_by[static_cast<std::size_t>(method)];
}

void check_behind(const TransferReport& report) {
    REQUIRE(report.error);
    CHECK(cause(*report.error) == "file was opened for writing while its reader was behind");
    CHECK(report.error->kind == Errc::timed_out);
    CHECK(report.error->side == Side::source);
    CHECK(report.error->subject == "file");
}

void check_copied(Leased& leased, const TransferReport& report, const char* why) {
    leased.check_unchanged(report, leased.content.size());
    CHECK(leased.kernel.spliced() == 0);
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].from == Method::carrier);
    CHECK(cause(report.demotions[0].reason) == why);
}

}  // namespace

TEST_CASE("lease: granted: pages first, then a copied tail of four pipe-fulls") {
    Leased leased(9 * mib + 5);
    const auto report = leased.run();
    leased.check_unchanged(report, 9 * mib + 5);
    CHECK(leased.kernel.spliced() == 5 * mib);  // up to a block of the file
    CHECK(by(report, Method::carrier) == 5 * mib);
    CHECK(by(report, Method::copy) == 4 * mib + 5);
    CHECK(report.demotions.empty());
}

TEST_CASE("lease: the tail is measured in fulls of the pipe as it is") {
    Leased leased(9 * mib);
    leased.kernel.largest_pipe = 64 * 1024;
    leased.check_unchanged(leased.run(), 9 * mib);
    CHECK(leased.kernel.spliced() == 9 * mib - 256 * 1024);
}

TEST_CASE("lease: a limit has its tail before the limit") {
    Leased leased(12 * mib);
    leased.check_unchanged(leased.run(9 * mib), 9 * mib);
    CHECK(leased.kernel.spliced() == 5 * mib);
    CHECK(leased.file_thing().offset == 9 * mib);
}

TEST_CASE("lease: the transfer ends without waiting for its reader") {
    Leased leased(9 * mib);
    leased.per_visit = 4096;
    const auto report = leased.run();
    CHECK(leased.received.size() == 9 * mib);
    leased.check_unchanged(report, 9 * mib);
    CHECK(leased.visits < 9 * mib / 4096);  // a pipe-full was never waited for
}

TEST_CASE("lease: refused: everything is copied") {
    SECTION("somebody writes the file") {
        Leased leased(9 * mib);
        leased.file_thing().writers = true;
        check_copied(leased, leased.run(), "opened for writing by another process");
    }
    SECTION("the file is another user's") {
        Leased leased(9 * mib);
        leased.kernel.fails(fake::Call::take_lease, EACCES);
        check_copied(leased, leased.run(), "no read lease: Permission denied");
    }
    SECTION("the file system's leases see only some writers") {
        Leased leased(9 * mib);
        leased.file_thing().leases_local = true;
        check_copied(leased, leased.run(), "leases of this file system see only some writers");
        CHECK(leased.kernel.calls(fake::Call::take_lease) == 0);
    }
    SECTION("the sink does not tell its size") {
        Leased leased(9 * mib);
        leased.kernel.fails(fake::Call::pipe_capacity, EPERM, {1, ~0U, leased.sink.view()});
        check_copied(leased, leased.run(), "the sink does not tell its size");
    }
    SECTION("the sink cannot be opened again") {
        Leased leased(9 * mib);
        leased.kernel.fails(fake::Call::reopen, ENOENT, {1, ~0U, leased.sink.view()});
        check_copied(leased, leased.run(), "No such file or directory");
    }
    SECTION("the file cannot be opened again") {
        Leased leased(9 * mib);
        leased.kernel.fails(fake::Call::reopen, ENOENT, {1, ~0U, leased.file.view()});
        check_copied(leased, leased.run(), "no read lease: No such file or directory");
    }
    SECTION("the file became short") {
        Leased leased(9 * mib);
        leased.file_thing().claims = 9 * mib;
        leased.file_thing().content.resize(4 * mib);
        leased.content.resize(4 * mib);
        leased.kernel.fails(fake::Call::facts, EIO, {3, 1});
        check_copied(leased, leased.run(), "Input/output error");
    }
}

TEST_CASE("lease: not even asked for a file below eight pipe-fulls") {
    Leased leased(8 * mib - 1);
    leased.check_unchanged(leased.run(), 8 * mib - 1);
    CHECK(leased.kernel.calls(fake::Call::take_lease) == 0);
    CHECK(leased.kernel.spliced() == 0);
}

TEST_CASE("lease: broken with a living reader: copied from then on, released, unchanged") {
    Leased leased(20 * mib);
    leased.per_visit = 256 * 1024;
    leased.at_visit = [&] {
        if (leased.visits == 20) leased.break_lease();
    };
    const auto report = leased.run();
    leased.check_unchanged(report, 20 * mib);
    CHECK(leased.kernel.spliced() == leased.spliced_before);
    CHECK(leased.released_at >= leased.broken_at);
    CHECK(by(report, Method::copy) > 10 * mib);
}

TEST_CASE("lease: broken: released as soon as the pipe is empty") {
    Leased leased(20 * mib);
    leased.at_visit = [&] {
        if (leased.visits == 3) leased.break_lease();
    };
    const auto report = leased.run();
    leased.check_unchanged(report, 20 * mib);
    CHECK(leased.kernel.spliced() == leased.spliced_before);
}

TEST_CASE("lease: broken with a dead reader: released within 250 ms, and told") {
    Leased leased(20 * mib);
    leased.at_visit = [&] {
        if (leased.visits < 3) return;
        if (leased.per_visit != 0) leased.break_lease();
        leased.per_visit = 0;
    };
    const auto report = leased.run();
    check_behind(report);
    CHECK(report.bytes == leased.received.size());
    const auto waited = leased.released_at - leased.broken_at;
    CHECK(waited >= std::chrono::milliseconds{100});
    CHECK(waited < limits::lease_grace + std::chrono::milliseconds{50});  // and a busy machine
    CHECK(leased.space.held() == 0);
}

TEST_CASE("lease: a reader that makes the pipe larger is waited for") {
    Leased leased(20 * mib);
    leased.per_visit = 4096;
    leased.at_visit = [&] {
        if (leased.visits == 3) leased.pipe_thing().slot_count = 16 * 256;
    };
    leased.check_unchanged(leased.run(), 20 * mib);
}

TEST_CASE("lease: held to the end when the file is shorter than its size said") {
    Leased leased(9 * mib);
    leased.file_thing().claims = 20 * mib;
    leased.per_visit = 4096;
    leased.check_unchanged(leased.run(), 9 * mib);
}

TEST_CASE("lease: not held for a reader that has left, when the file is shorter than it said") {
    Leased leased(9 * mib);
    leased.file_thing().claims = 20 * mib;
    leased.per_visit = 4096;
    unsigned visits_without_reader = 0;
    leased.at_visit = [&] {
        const bool all_is_sent = leased.file_thing().offset == 9 * mib && leased.space.held() == 0;
        if (!all_is_sent) return;
        leased.pipe_thing().gone = true;
        leased.per_visit = 0;
        if (++visits_without_reader > 3) throw fake::Hang("waits for nobody");
    };
    const auto report = leased.run();
    CHECK_FALSE(report.error);
    CHECK(report.bytes == 9 * mib);
}

TEST_CASE("lease: lost to a writer: told, whenever it is found out") {
    Leased leased(20 * mib);
    SECTION("in mid-stream, as a break") {
        leased.at_visit = [&] {
            if (leased.visits == 3) leased.lose_lease(true);
        };
    }
    SECTION("when the tail has been copied") {
        leased.at_visit = [&] {
            if (leased.file_thing().offset > 17 * mib) leased.lose_lease(false);
        };
    }
    SECTION("at the end of a file that is shorter than it said") {
        leased.file_thing().claims = 30 * mib;
        leased.at_visit = [&] {
            if (leased.file_thing().offset == 20 * mib) leased.lose_lease(false);
        };
    }
    check_behind(leased.run());
}

TEST_CASE("lease: lost before any page was handed out: nothing happened") {
    Leased leased(20 * mib);
    leased.kernel.fails(fake::Call::splice, EINVAL);
    leased.at_visit = [&] { leased.lose_lease(true); };
    leased.check_unchanged(leased.run(), 20 * mib);
}

TEST_CASE("lease: our descriptions of both ends are closed when the transfer has finished") {
    Leased leased(9 * mib);
    Transfer transfer(*look_at(leased.file.view(), "file"), *look_at(leased.sink.view(), "pipe"),
                      leased.space, {});
    Progress progress = transfer.advance();
    CHECK(leased.kernel.opened() == 6);  // file, sink, carrier, and our own of both ends
    while (progress.state != Progress::State::finished) {
        if (progress.state == Progress::State::waiting) wait_for(progress);
        progress = transfer.advance();
    }
    CHECK_FALSE(transfer.report().error);
    CHECK(leased.kernel.opened() == 4);
    CHECK(transfer.sink().fd == leased.sink.view());
}

TEST_CASE("lease: broken: what is in the carrier is copied to memory at once") {
    Leased leased(9 * mib);
    Transfer transfer(*look_at(leased.file.view(), "file"), *look_at(leased.sink.view(), "pipe"),
                      leased.space, {});
    const auto until_it_waits = [&] {
        Progress progress;
        do progress = transfer.advance();
        while (progress.state == Progress::State::moving);
        REQUIRE(progress.state == Progress::State::waiting);
        CHECK(progress.look_after == limits::lease_look);
    };
    until_it_waits();
    REQUIRE(leased.space.carrier.size() != 0);
    leased.break_lease();
    until_it_waits();
    CHECK(leased.space.carrier.size() == 0);
    CHECK(leased.space.buffer.size() != 0);
}

TEST_CASE("lease: is released when the transfer fails, not only with the Transfer") {
    Leased leased(9 * mib);
    Transfer transfer(*look_at(leased.file.view(), "file"), *look_at(leased.sink.view(), "pipe"),
                      leased.space, {});
    CHECK(transfer.advance().state == Progress::State::moving);
    CHECK(leased.file_thing().leased);
    leased.pipe_thing().gone = true;
    while (transfer.advance().state != Progress::State::finished) {
    }
    CHECK(transfer.report().error->code == EPIPE);
    CHECK_FALSE(leased.file_thing().leased);
}

TEST_CASE("lease: a sink that refuses pages in mid-stream gets the rest by copy") {
    Leased leased(20 * mib);
    leased.kernel.fails(fake::Call::splice, EINVAL, {7});
    const auto report = leased.run();
    leased.check_unchanged(report, 20 * mib);
    CHECK(report.demotions.size() == 1);
}
