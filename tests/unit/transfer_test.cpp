#include "engine/transfer.hpp"

#include <cerrno>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/path.hpp"
#include "kernel/limits.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using zc::test::pattern;

namespace {

fake::Thing file(std::string content) { return {.content = std::move(content)}; }

fake::Thing pipe(std::string content = "") {
    fake::Thing made{.kind = FdKind::pipe, .slot_count = 1024, .ended = true};
    REQUIRE(fake::send(made, content) == content.size());
    return made;
}

fake::Thing socket(std::string incoming = "") {
    return {.kind = FdKind::unix_socket, .incoming = std::move(incoming), .ended = true};
}

fake::Thing device(fake::Device which) { return {.kind = FdKind::memory_device, .device = which}; }

Endpoint not_blocking(FdView fd, const char* label) {
    Endpoint end = *look_at(fd, label);
    end.facts.blocking = Blocking::no;
    return end;
}

// A source and a sink of the fake kernel; the sink's reader takes what it gets.
struct Bench {
    Bench(fake::Thing from, fake::Thing to)
        : source(kernel.open(std::move(from))), sink(kernel.open(std::move(to))) {
        kernel.on_sleep = [this] {
            const std::string fresh = fake::drain(end());
            received += fresh;
            return !fresh.empty();
        };
    }

    TransferReport run(TransferOptions options = {}) {
        Workspace space;
        auto report = run_transfer(*look_at(source.view(), "source"), *look_at(sink.view(), "sink"),
                                   space, options);
        CHECK(space.held() == 0);
        received += fake::drain(end());
        return report;
    }
    fake::Thing& begin() { return kernel.of(source.view()); }
    fake::Thing& end() { return kernel.of(sink.view()); }

    fake::Kernel kernel;
    Fd source;
    Fd sink;
    std::string received;
};

constexpr Policy always{ZeroCopy::always, Cache::normal};

std::uint64_t by(const TransferReport& report, Method method) {
    return report.bytes_by[static_cast<std::size_t>(method)];
}

void check_error(const TransferReport& report, Side side, int code) {
    REQUIRE(report.error);
    CHECK(report.error->side == side);
    CHECK(report.error->code == code);
    CHECK(report.error->subject == (side == Side::sink ? "sink" : "source"));
}

}  // namespace

TEST_CASE("transfer: less than 64 KiB never makes a pipe") {
    for (const std::size_t size : {0U, 1U, 65535U}) {
        Bench bench(socket(pattern(size)), socket());
        const auto report = bench.run();
        CHECK((bench.received == pattern(size)));
        CHECK(by(report, Method::copy) == size);
        CHECK(bench.kernel.calls(fake::Call::make_pipe) == 0);
        CHECK(bench.kernel.calls(fake::Call::splice) == 0);
    }
}

TEST_CASE("transfer: one byte of a large file makes no pipe and takes no lease") {
    SECTION("to a pipe") {
        Bench bench(file(pattern(9 << 20)), pipe());
        CHECK(bench.run({{}, 1, Waiting::in_kernel}).bytes == 1);
        CHECK(bench.kernel.calls(fake::Call::take_lease) == 0);
    }
    SECTION("to a socket") {
        Bench bench(file(pattern(200'000)), socket());
        CHECK(bench.run({always, 1, Waiting::in_kernel}).bytes == 1);
        CHECK(bench.kernel.calls(fake::Call::make_pipe) == 0);
    }
}

TEST_CASE("transfer: is promoted after 64 KiB") {
    Bench bench(socket(pattern(300'000)), socket());
    const auto report = bench.run();
    CHECK((bench.received == pattern(300'000)));
    CHECK(bench.kernel.calls(fake::Call::make_pipe) == 1);
    CHECK(by(report, Method::copy) >= 64 * 1024);
    CHECK(by(report, Method::carrier) > 64 * 1024);
    CHECK(report.method == Method::carrier);
    CHECK(bench.kernel.opened() == 2);
}

TEST_CASE("transfer: a large file is spliced from its first byte") {
    Bench bench(file(pattern(300'000)), socket());
    CHECK(by(bench.run({always, {}, Waiting::in_kernel}), Method::carrier) == 300'000);
}

TEST_CASE("transfer: a file goes into a pipe by pieces") {
    constexpr std::size_t size = 4 * limits::pipe_bytes;
    Bench bench(file(pattern(size)), pipe());
    CHECK(by(bench.run({always, {}, Waiting::in_kernel}), Method::carrier) == size);
    CHECK((bench.received == pattern(size)));
    CHECK(bench.kernel.calls(fake::Call::splice) >= 2 * size / limits::file_piece_bytes);
}

TEST_CASE("transfer: a long file is copied by large pieces into a socket that is slept on") {
    constexpr std::size_t size = limits::socket_bulk_bytes + 4 * limits::file_to_socket_bytes;
    const auto [waiting, reads] = GENERATE(
        std::pair{Waiting::in_kernel, limits::socket_bulk_bytes / limits::buffer_bytes + 4},
        std::pair{Waiting::by_poll, size / limits::buffer_bytes});
    Bench bench(file(pattern(size)), {.kind = FdKind::tcp_socket, .room = size});
    CHECK(by(bench.run({{}, {}, waiting}), Method::copy) == size);
    CHECK((bench.received == pattern(size)));
    CHECK(bench.kernel.calls(fake::Call::read) == reads + 1);
}

TEST_CASE("transfer: a file that claims less, more or nothing") {
    for (const bool to_file : {true, false})
        for (const std::size_t claim : {0U, 10U, 70'000U, 1'000'000U}) {
            Bench bench(file(pattern(100'000)), to_file ? file("") : socket());
            bench.begin().claims = claim;
            const auto report = bench.run({always, {}, Waiting::in_kernel});
            CHECK_FALSE(report.error);
            CHECK((bench.received == pattern(100'000)));
        }
}

TEST_CASE("transfer: a zero-copy call that answers 0 is not believed") {
    SECTION("copy_file_range, as for /proc") {
        Bench bench(file(pattern(100'000)), file(""));
        bench.kernel.fails(fake::Call::copy_file_range, 0);
        const auto report = bench.run();
        CHECK((bench.received == pattern(100'000)));
        REQUIRE(report.demotions.size() == 1);
        CHECK(report.demotions[0].from == Method::reflink);
        CHECK(cause(report.demotions[0].reason) == "it holds more than was said");
    }
    SECTION("splice, in mid-stream") {
        Bench bench(file(pattern(100'000)), socket());
        bench.kernel.fails(fake::Call::splice, 0, {2, ~0U, bench.source.view()});
        bench.kernel.largest_pipe = 64 * 1024;
        CHECK_FALSE(bench.run({always, {}, Waiting::in_kernel}).error);
        CHECK((bench.received == pattern(100'000)));
    }
}

TEST_CASE("transfer: a page lost in a pipe is an error, not the end") {
    for (const FdKind kind : {FdKind::unix_socket, FdKind::regular}) {
        Bench bench(pipe(pattern(80 * 4096)), {.kind = kind});
        bench.begin().slots[70] = fake::Slot{"", nullptr, 0, 4096};
        const auto report = bench.run();
        check_error(report, Side::source, ENODATA);
        CHECK(report.bytes == 70 * 4096);
    }
}

TEST_CASE("splice: EAGAIN that is over when the ends are asked waits for nothing") {
    const auto sink = GENERATE(fake::Thing{.kind = FdKind::regular},
                               fake::Thing{.kind = FdKind::pipe, .slot_count = 1024});
    Bench bench(pipe(pattern(300'000)), sink);
    bench.kernel.fails(fake::Call::splice, EAGAIN, {1, 1});
    Workspace space;
    Transfer transfer(*look_at(bench.source.view(), "source"), *look_at(bench.sink.view(), "sink"),
                      space, {always, {}, Waiting::by_poll, {}});
    auto state = Progress::State::moving;
    while (state != Progress::State::finished) {
        state = transfer.advance().state;
        REQUIRE(state != Progress::State::waiting);
    }
    CHECK_FALSE(transfer.report().error);
    CHECK(by(transfer.report(), Method::splice) != 0);
}

TEST_CASE("carrier: a socket is asked again until it has no more, then all goes at once") {
    Bench bench(socket(), {.kind = FdKind::unix_socket, .room = 1024 * 1024});
    bench.begin().ended = false;
    bench.begin().cut = [](std::size_t bytes) { return std::min<std::size_t>(bytes, 4096); };
    REQUIRE(fake::send(bench.begin(), pattern(100'000)) != 0);
    Workspace space;
    REQUIRE(space.carrier.pipe());
    Route route{not_blocking(bench.source.view(), "source"),
                not_blocking(bench.sink.view(), "sink"), space, Waiting::by_poll};
    REQUIRE(step_carrier(route, 50'000)->kind == Step::Kind::moved);
    CHECK(route.taken == 50'000);  // no more than the limit
    CHECK(route.delivered == 50'000);
    route.waiting = Waiting::in_kernel;  // who may sleep must not hold bytes then
    REQUIRE(step_carrier(route, 50'000)->kind == Step::Kind::moved);
    CHECK(route.delivered == 50'000 + 4096);
}

TEST_CASE("carrier: a failure after bytes is told once they are delivered, by any method") {
    for (const bool demoted : {false, true}) {
        Bench bench(socket(), {.kind = FdKind::unix_socket, .room = 1024 * 1024});
        bench.begin().cut = [](std::size_t bytes) { return std::min<std::size_t>(bytes, 4096); };
        fake::send(bench.begin(), pattern(8192));
        bench.kernel.fails(fake::Call::splice, ECONNRESET, {2, 1, bench.source.view()});
        if (demoted) bench.kernel.fails(fake::Call::splice, EINVAL, {1, ~0U, bench.sink.view()});
        Workspace space;
        REQUIRE(space.carrier.pipe());
        Transfer transfer(not_blocking(bench.source.view(), "source"),
                          not_blocking(bench.sink.view(), "sink"), space,
                          {always, {}, Waiting::by_poll, {}});
        while (transfer.advance().state != Progress::State::finished) {
        }
        CHECK(transfer.report().bytes == 4096);
        check_error(transfer.report(), Side::source, ECONNRESET);
    }
}

TEST_CASE("carrier: EAGAIN with bytes in flight drains before it waits") {
    Bench bench(socket(pattern(200'000)), {.kind = FdKind::unix_socket, .blocking = Blocking::no});
    bench.begin().blocking = Blocking::no;
    bench.begin().ended = false;
    bench.end().room = 1000;
    Workspace space;
    REQUIRE(space.carrier.pipe());
    // Its slots are few: with bytes in it, it may be unable to take one more.
    bench.kernel.of((*space.carrier.pipe())->write_end()).slot_count = 2;
    bench.kernel.largest_pipe = 2 * 4096;
    Transfer transfer(*look_at(bench.source.view(), "source"), *look_at(bench.sink.view(), "sink"),
                      space, {{}, {}, Waiting::by_poll});
    for (int i = 0; i < 10'000; ++i) {
        const auto progress = transfer.advance();
        REQUIRE(progress.state != Progress::State::finished);
        if (progress.state == Progress::State::moving) continue;
        REQUIRE(progress.wants);
        if (progress.wants->event == Readiness::readable) {
            CHECK(space.held() == 0);
            CHECK(bench.begin().incoming.empty());
            break;
        }
        CHECK(progress.wants->fd == bench.sink.view());
        CHECK(space.held() != 0);
        bench.received += fake::drain(bench.end());
    }
    CHECK((bench.received + fake::drain(bench.end()) == pattern(200'000)));
}

TEST_CASE("transfer: what only means another way never reaches the user") {
    SECTION("a full device, by every method") {
        for (auto from : {file(pattern(100'000)), pipe(pattern(100'000)), socket(pattern(100'000))})
            for (const ZeroCopy zero_copy : {ZeroCopy::automatic, ZeroCopy::always}) {
                Bench bench(from, device(fake::Device::full));
                Workspace space;
                REQUIRE(space.carrier.pipe());
                const auto report = run_transfer(
                    *look_at(bench.source.view(), "source"), *look_at(bench.sink.view(), "sink"),
                    space, {{zero_copy, Cache::normal}, {}, Waiting::in_kernel});
                check_error(report, Side::sink, ENOSPC);
                CHECK(report.bytes == 0);
                CHECK(space.held() == 0);
            }
    }
    SECTION("a directory") {
        Bench bench({.kind = FdKind::directory}, pipe());
        check_error(bench.run(), Side::source, EISDIR);
    }
    SECTION("an empty device as source") {
        Bench bench(device(fake::Device::null), pipe());
        const auto report = bench.run();
        CHECK_FALSE(report.error);
        CHECK(report.bytes == 0);
    }
}

TEST_CASE("transfer: a sink whose reader has left says EPIPE") {
    for (auto from : {file(pattern(100'000)), pipe(pattern(100'000)), socket(pattern(100'000))})
        for (auto to : {pipe(), socket()}) {
            Bench bench(from, to);
            bench.end().gone = true;
            check_error(bench.run({always, {}, Waiting::in_kernel}), Side::sink, EPIPE);
        }
}

TEST_CASE("transfer: an error of a call that touched both ends is told by read or write") {
    for (const Side side : {Side::source, Side::sink})
        for (const FdKind to : {FdKind::pipe, FdKind::regular}) {
            Bench bench(to == FdKind::pipe ? pipe(pattern(100'000)) : file(pattern(100'000)),
                        {.kind = to, .slot_count = 1024});
            auto& guilty = side == Side::source ? bench.begin() : bench.end();
            guilty.failing = {70'000, EIO};
            const auto report = bench.run();
            check_error(report, side, EIO);
            CHECK(report.bytes == 70'000);
            CHECK((bench.received == pattern(100'000).substr(0, 70'000)));
        }
}

TEST_CASE("transfer: without descriptors for a pipe it copies") {
    Bench bench(socket(pattern(300'000)), socket());
    bench.kernel.fails(fake::Call::make_pipe, EMFILE);
    const auto report = bench.run();
    CHECK_FALSE(report.error);
    CHECK((bench.received == pattern(300'000)));
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].reason.code == EMFILE);
}

TEST_CASE("transfer: a carrier of one page is enough") {
    Bench bench(socket(pattern(300'000)), socket());
    bench.kernel.fails(fake::Call::set_pipe_capacity, EPERM);
    bench.kernel.fails(fake::Call::pipe_capacity, EPERM);
    CHECK_FALSE(bench.run().error);
    CHECK((bench.received == pattern(300'000)));
}

TEST_CASE("transfer: a write that answers 0 is a full sink") {
    Bench bench(socket("abc"), device(fake::Device::zero));
    bench.kernel.fails(fake::Call::write, 0);
    check_error(bench.run(), Side::sink, ENOSPC);
}

TEST_CASE("transfer: after a failure the workspace serves the next transfer") {
    Workspace space;
    {
        Bench bench(socket(pattern(300'000)), socket());
        bench.end().failing = {100'000, EIO};
        check_error(run_transfer(*look_at(bench.source.view(), "source"),
                                 *look_at(bench.sink.view(), "sink"), space),
                    Side::sink, EIO);
        CHECK(space.held() == 0);
        space.carrier.discard();
    }
    Bench bench(socket("next"), socket());
    CHECK_FALSE(run_transfer(*look_at(bench.source.view(), "source"),
                             *look_at(bench.sink.view(), "sink"), space)
                    .error);
    CHECK(fake::drain(bench.end()) == "next");
    space.carrier.discard();
}

TEST_CASE("transfer: foreign pipes are grown, sockets' are not asked for") {
    Bench bench(pipe(pattern(300'000)), {.kind = FdKind::pipe});
    bench.begin().slot_count = 80;
    CHECK_FALSE(bench.run().error);
    CHECK(bench.begin().slot_count == 256);
    CHECK(bench.end().slot_count == 256);
}

TEST_CASE("transfer: looking at a closed descriptor names it") {
    fake::Kernel kernel;
    const auto closed = look_at(FdView(3), "stdin");
    REQUIRE_FALSE(closed);
    CHECK(closed.error().code == EBADF);
    CHECK(closed.error().subject == "stdin");
}
