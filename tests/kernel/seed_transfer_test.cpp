// The cases of the test file of acln.ro/zerocopy, by their names there: those of its
// Transfer; and what it does not ask.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "battery.hpp"
#include "engine/transfer.hpp"
#include "kernel/allocations.hpp"
#include "kernel/pipeline_rig.hpp"
#include "kernel/stop.hpp"

using namespace zc;
using namespace zc::test;
using namespace std::chrono_literals;

TEST_CASE("Transfer: a reader that is at its end, in the four network combinations") {
    for (const Network& from : networks()) {
        for (const Network& to : networks()) {
            INFO(from.name << " to " << to.name);
            Pair source = from.make();
            Pair sink = to.make();
            (void)source.far.close();
            const auto report = transfer(sink.near.view(), source.near.view());
            CHECK_FALSE(report.error);
            CHECK(report.bytes == 0);
        }
    }
}

TEST_CASE("Transfer: issue 25985 in the four network combinations") {
    for (const Network& near : networks()) {
        for (const Network& far : networks()) {
            INFO(near.name << " to " << far.name);
            Pair front = near.make();
            Pair back = far.make();
            // A proxy whose directions both close both ends when they are done.
            auto stop = StopSource::create();
            REQUIRE(stop);
            TransferOptions how;
            how.supervision.stop = stop->token();
            const auto copy = [&](FdView sink, FdView source) {
                auto report = transfer(sink, source, {}, how);
                stop->request_stop();
                ::shutdown(back.near.view().number(), SHUT_RDWR);
                ::shutdown(front.near.view().number(), SHUT_RDWR);
                return report;
            };
            auto there = beside([&] { return copy(back.near.view(), front.near.view()); });
            auto here = beside([&] { return copy(front.near.view(), back.near.view()); });
            write_all(front.far.view(), "foo");
            (void)front.far.close();
            CHECK(read_all(back.far.view()) == "foo");
            CHECK(there.get().bytes == 3);
            CHECK(here.get().bytes == 0);
        }
    }
}

TEST_CASE("transfer: exact in its limit, whatever the method is") {
    const std::string text = pattern(3 * mib);
    for (const Network& network : networks()) {
        for (const std::uint64_t limit : {0U, 1U, 65'535U, 65'536U, 1'048'577U, 3'000'000U}) {
            for (const ZeroCopy zero_copy : {ZeroCopy::automatic, ZeroCopy::never}) {
                Pair source = network.make();
                Pair sink = pipe_to_write();
                auto fed = beside([&] {
                    write_all(source.far.view(), text);
                    ::shutdown(source.far.view().number(), SHUT_WR);
                });
                auto read = beside([&] { return read_all(sink.far.view()); });
                TransferOptions how;
                how.policy.zero_copy = zero_copy;
                CHECK(transfer(sink.near.view(), source.near.view(), limit, how).bytes == limit);
                (void)sink.near.close();
                CHECK(read.get() == text.substr(0, limit));
                CHECK(read_all(source.near.view()) == text.substr(limit));
                fed.get();
            }
        }
    }
}

TEST_CASE("transfer: another method takes over in the middle, and no byte is lost") {
    const std::string text = pattern(6 * mib);
    const TempDir files;
    Pair source = pipe_to_read();
    const Fd sink = open_file(files / "sink", O_CREAT | O_TRUNC | O_RDWR);
    auto moving = beside([&] { return transfer(sink.view(), source.near.view()); });
    write_all(source.far.view(), text.substr(0, 3 * mib));
    const auto in_file = [&] {
        return static_cast<std::size_t>(::lseek(sink.view().number(), 0, SEEK_CUR));
    };
    while (in_file() < 2 * mib) std::this_thread::yield();
    // Kernel: splice(2) refuses a file with O_APPEND, also from one call to the next.
    REQUIRE(::fcntl(sink.view().number(), F_SETFL, O_APPEND) == 0);
    write_all(source.far.view(), text.substr(3 * mib));
    (void)source.far.close();
    const auto report = moving.get();
    CHECK_FALSE(report.error);
    CHECK(report.bytes == text.size());
    CHECK(report.bytes_by[static_cast<std::size_t>(Method::splice)] >= 2 * mib);
    CHECK(report.bytes_by[static_cast<std::size_t>(Method::copy)] >= 2 * mib);
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].reason.code == EINVAL);
    CHECK(read_all(open_file(files / "sink", O_RDONLY).view()) == text);
}

TEST_CASE("transfer: a closed descriptor is told, with its side") {
    Pair sink = pipe_to_write();
    Pair source = pipe_to_read();
    const FdView gone(source.near.release());
    ::close(gone.number());
    const auto no_source = transfer(sink.near.view(), gone);
    REQUIRE(no_source.error);
    CHECK(no_source.error->code == EBADF);
    CHECK(no_source.error->side == Side::source);
    const auto no_sink = transfer(gone, sink.far.view());
    REQUIRE(no_sink.error);
    CHECK(no_sink.error->side == Side::sink);
}

TEST_CASE("transfer: is stopped from another thread within 10 ms, blocked on either side") {
    for (const bool sink_is_full : {false, true}) {
        for (const Network& network : networks()) {
            Pair source = network.make();
            Pair sink = network.make();
            auto stop = StopSource::create();
            REQUIRE(stop);
            TransferOptions how;
            how.supervision.stop = stop->token();
            auto fed = beside([&] {
                if (sink_is_full) write_all(source.far.view(), std::string(40 * mib, 'x'));
            });
            auto moving = beside([&] {
                auto report = transfer(sink.near.view(), source.near.view(), {}, how);
                return std::pair(std::chrono::steady_clock::now(), report);
            });
            if (sink_is_full) {
                pollfd some{sink.far.view().number(), POLLIN, 0};
                REQUIRE(::poll(&some, 1, 10'000) == 1);
            }
            const auto asked = std::chrono::steady_clock::now();
            stop->request_stop();
            const auto [ended, report] = moving.get();
            REQUIRE(report.error);
            CHECK(report.error->kind == Errc::stopped);
            // Sanitizers and busy machines are slower than the promise; a second is no sleep.
            CHECK(ended - asked < 1s);
            (void)source.near.close();
            fed.get();
        }
    }
}

TEST_CASE("transfer: what was stopped before it began moves nothing") {
    auto stop = StopSource::create();
    REQUIRE(stop);
    stop->request_stop();
    CHECK(stop->requested());
    Pair source = pipe_to_read();
    Pair sink = pipe_to_write();
    TransferOptions how;
    how.supervision.stop = stop->token();
    const auto report = transfer(sink.near.view(), source.near.view(), {}, how);
    REQUIRE(report.error);
    CHECK(report.error->kind == Errc::stopped);
    CHECK(cause(*report.error) == "stopped");
}

TEST_CASE("transfer: both directions between two sockets, closed at once") {
    for (int i = 0; i < 20; ++i) {
        Pair left = tcp_pair();
        Pair right = unix_pair(SOCK_STREAM);
        auto there = beside([&] { return transfer(right.near.view(), left.near.view()); });
        auto here = beside([&] { return transfer(left.near.view(), right.near.view()); });
        auto closing = beside([&] { (void)left.far.close(); });
        (void)right.far.close();
        closing.get();
        CHECK(there.get().bytes == 0);
        CHECK(here.get().bytes == 0);
    }
}

TEST_CASE("transfer: one hundred in parallel") {
    const std::string text = pattern(300'000);
    std::vector<std::future<bool>> all;
    for (int i = 0; i < 100; ++i)
        all.push_back(beside([&text, i] {
            Pair source = i % 2 == 0 ? tcp_pair() : unix_pair(SOCK_STREAM);
            Pair sink = i % 3 == 0 ? tcp_pair() : pipe_to_write();
            auto fed = beside([&] {
                write_all(source.far.view(), text);
                ::shutdown(source.far.view().number(), SHUT_WR);
            });
            auto read = beside([&] { return read_all(sink.far.view()); });
            const auto report = transfer(sink.near.view(), source.near.view());
            (void)sink.near.close();
            fed.get();
            return !report.error && read.get() == text;
        }));
    for (auto& each : all) CHECK(each.get());
}

TEST_CASE("transfer: allocates nothing once it has started") {
    for (const Network& network : networks()) {
        Pair source = network.make();
        Pair sink = network.make();
        set_nonblocking(source.near.view());
        set_nonblocking(sink.near.view());
        set_nonblocking(sink.far.view());
        Transfer step(*look_at(source.near.view(), "source"), *look_at(sink.near.view(), "sink"));
        std::array<char, 65'536> buffer{};
        std::size_t delivered = 0;
        const auto turn = [&](bool more) {
            if (more) (void)::write(source.far.view().number(), buffer.data(), buffer.size());
            while (step.advance().state == Progress::State::moving) {
            }
            for (;;) {
                const auto got = ::read(sink.far.view().number(), buffer.data(), buffer.size());
                if (got <= 0) break;
                delivered += static_cast<std::size_t>(got);
            }
        };
        for (int i = 0; i < 40; ++i) turn(true);
        allocations = 0;
        allocations_count = true;
        for (int i = 0; i < 100; ++i) turn(true);
        allocations_count = false;
        CHECK(allocations == 0);
        CHECK(delivered > mib);
        CHECK(step.wants().has_value());
    }
}
