// The cases of the test file of acln.ro/zerocopy, by their names there, for Pipe and
// transfer(); and what it does not ask.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/fanout.hpp"
#include "engine/pipe.hpp"
#include "engine/transfer.hpp"
#include "kernel/allocations.hpp"
#include "kernel/ends.hpp"
#include "kernel/stop.hpp"
#include "relay/session.hpp"

using namespace zc;
using namespace zc::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mib = 1024 * 1024;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Pipe make_pipe(std::size_t capacity = 0) {
    auto pipe = Pipe::create(capacity);
    REQUIRE(pipe);
    return std::move(*pipe);
}

// Everything that read() gives, to the end.
std::string rest_of(Pipe& pipe, std::size_t piece = 1000) {
    std::vector<std::byte> buffer(piece);
    std::string all;
    for (;;) {
        const auto got = pipe.read(buffer);
        if (!got || *got == 0) return all;
        all += text_of(std::span(buffer).first(*got));
    }
}

// A Reader of a text, some bytes at a time.
struct Text {
    std::string_view left;
    std::size_t most = 777;
    Result<std::size_t> read(std::span<std::byte> into) {
        const auto piece = left.substr(0, std::min({most, into.size(), left.size()}));
        std::copy_n(bytes_of(piece).begin(), piece.size(), into.begin());
        left.remove_prefix(piece.size());
        return piece.size();
    }
};

// A Writer that takes some bytes at a time, and may fail.
struct Sheet {
    std::string text;
    std::size_t most = 333;
    std::size_t room = ~std::size_t{0};
    Result<std::size_t> write(std::span<const std::byte> from) {
        if (text.size() >= room) return failure(Error::system("write", ENOSPC));
        const auto piece = from.first(std::min({most, from.size(), room - text.size()}));
        text += text_of(piece);
        return piece.size();
    }
};

template <class Work>
auto beside(Work work) {
    return std::async(std::launch::async, std::move(work));
}

using MakePair = std::function<Pair()>;
struct Network {
    const char* name;
    MakePair make;
};
const std::vector<Network>& networks() {
    static const std::vector<Network> all{{"tcp", [] { return tcp_pair(); }},
                                          {"unix", [] { return unix_pair(SOCK_STREAM); }}};
    return all;
}

struct IgnoresSigpipe {
    IgnoresSigpipe() { std::signal(SIGPIPE, SIG_IGN); }
} const ignores_sigpipe;

}  // namespace

// ---- Tee

TEST_CASE("TeeRead") {
    Pipe first = make_pipe();
    Pipe second = make_pipe();
    first.tee(second);
    REQUIRE(first.write(bytes_of("hello world")));
    std::array<std::byte, 5> five{};
    REQUIRE(first.read(five) == 5U);
    CHECK(text_of(five) == "hello");
    REQUIRE(first.close_write());
    CHECK(rest_of(first) == " world");
    REQUIRE(second.close_write());
    CHECK(rest_of(second) == "hello world");
}

TEST_CASE("TeeRead: a writer gets it, too, whatever is short") {
    Pipe pipe = make_pipe();
    Sheet sheet;
    pipe.tee(sheet);
    const std::string text = pattern(30'000);
    REQUIRE(pipe.write(bytes_of(text)) == text.size());
    REQUIRE(pipe.close_write());
    CHECK(rest_of(pipe, 4321) == text);
    CHECK(sheet.text == text);
}

TEST_CASE("TeeChain: of 1 to many pipes, and a writer at the end") {
    const std::string text = pattern(3 * mib + 17);
    for (const std::size_t links : {1U, 2U, 3U, 8U, 20U}) {
        std::vector<Pipe> chain;
        for (std::size_t i = 0; i <= links; ++i) chain.push_back(make_pipe());
        for (std::size_t i = 0; i < links; ++i) chain[i].tee(chain[i + 1]);
        Sheet last;
        last.most = 50'000;
        chain.back().tee(last);
        std::vector<std::future<std::string>> readers;
        for (std::size_t i = 0; i <= links; ++i)
            readers.push_back(beside([&, i] {
                std::string all = rest_of(chain[i], 1000 + 7777 * i);
                if (i < links) (void)chain[i + 1].close_write();
                return all;
            }));
        CHECK(chain.front().write(bytes_of(text)) == text.size());
        REQUIRE(chain.front().close_write());
        for (auto& reader : readers) CHECK(reader.get() == text);
        CHECK(last.text == text);
    }
}

TEST_CASE("Tee holds for write_to, too: to a pipe, through every sink, some bytes read before") {
    const std::string text = pattern(5 * mib + 3);
    for (const int kind : {0, 1, 2}) {
        Pipe source = make_pipe();
        Pipe copy = make_pipe(mib);
        source.tee(copy);
        auto copied = beside([&] { return rest_of(copy, 50'000); });
        auto written = beside([&] {
            const auto gone = source.write(bytes_of(text));
            (void)source.close_write();
            return gone.has_value();
        });
        std::array<std::byte, 10> ten{};
        REQUIRE(source.read(ten) == 10U);
        std::string got = text_of(ten);
        if (kind == 0) {
            Pair sink = pipe_to_write();
            auto read = beside([&] { return read_all(sink.far.view()); });
            const auto report = source.write_to(sink.near.view());
            CHECK_FALSE(report.error);
            CHECK(report.bytes == text.size() - 10);
            (void)sink.near.close();
            got += read.get();
        } else if (kind == 1) {
            Pair sink = tcp_pair();
            auto read = beside([&] { return read_all(sink.far.view()); });
            CHECK_FALSE(source.write_to(sink.near.view()).error);
            (void)sink.near.close();
            got += read.get();
        } else {
            Sheet sheet;
            sheet.most = 100'000;
            CHECK_FALSE(source.write_to(sheet).error);
            got += sheet.text;
        }
        CHECK(written.get());
        REQUIRE(copy.close_write());
        CHECK(got == text);
        CHECK(copied.get() == text);
    }
}

TEST_CASE("Tee holds for write_to, too: to a writer, and a writer that fails ends it") {
    const std::string text = pattern(mib);
    for (const bool fails : {false, true}) {
        Pipe source = make_pipe();
        Sheet sheet;
        sheet.most = 100'000;
        if (fails) sheet.room = 300'000;
        source.tee(sheet);
        auto written = beside([&] {
            (void)source.write(bytes_of(text));
            (void)source.close_write();
        });
        Pair sink = pipe_to_write();
        auto read = beside([&] { return read_all(sink.far.view()); });
        const auto report = source.write_to(sink.near.view());
        CHECK(report.error.has_value() == fails);
        if (fails) CHECK(report.error->code == ENOSPC);
        (void)source.close_read();
        written.get();
        (void)sink.near.close();
        const std::string got = read.get();
        CHECK(text.starts_with(got));
        CHECK(text.starts_with(sheet.text));
        if (!fails) CHECK((got == text && sheet.text == text));
    }
}

TEST_CASE("Tee: a copy whose reader has left is told by whoever reads") {
    Pipe first = make_pipe();
    Pipe second = make_pipe();
    first.tee(second);
    REQUIRE(first.write(bytes_of("x")));
    REQUIRE(second.close_read());
    std::array<std::byte, 1> one{};
    const auto got = first.read(one);
    REQUIRE_FALSE(got);
    CHECK(got.error().side == Side::sink);
    CHECK(means_broken_pipe(got.error()));
}

// ---- ReadFrom and WriteTo

TEST_CASE("ReadFrom: in racy order, from every network, and from a reader") {
    const std::string text = pattern(mib + 1);
    for (const Network& network : networks()) {
        for (const bool source_first : {false, true}) {
            Pipe pipe = make_pipe();
            Pair source = network.make();
            auto feed = [&] {
                write_all(source.far.view(), text);
                ::shutdown(source.far.view().number(), SHUT_WR);
            };
            auto fed = source_first ? beside(feed) : std::future<void>();
            auto moved = beside([&] {
                auto report = pipe.read_from(source.near.view());
                (void)pipe.close_write();
                return report;
            });
            if (!source_first) fed = beside(feed);
            CHECK(rest_of(pipe, 9999) == text);
            const auto report = moved.get();
            CHECK_FALSE(report.error);
            CHECK(report.bytes == text.size());
            fed.get();
        }
    }
    Pipe pipe = make_pipe();
    Text reader{text};
    auto moved = beside([&] {
        auto report = pipe.read_from(reader);
        (void)pipe.close_write();
        return report.bytes;
    });
    CHECK(rest_of(pipe) == text);
    CHECK(moved.get() == text.size());
}

TEST_CASE("ReadFrom: with a limit takes not a byte more") {
    Pipe pipe = make_pipe();
    Pair source = unix_pair(SOCK_STREAM);
    write_all(source.far.view(), "hello world");
    CHECK(pipe.read_from(source.near.view(), 5).bytes == 5);
    CHECK(read_now(source.near.view(), 100) == " world");
    Text reader{"hello world", 100};
    CHECK(pipe.read_from(reader, 3).bytes == 3);
    CHECK(reader.left == "lo world");
    REQUIRE(pipe.close_write());
    CHECK(rest_of(pipe) == "hellohel");
}

TEST_CASE("blocked in read: closing the reading end ends it") {
    Pipe pipe = make_pipe();
    auto reading_now = beside([&] {
        std::array<std::byte, 1> one{};
        return pipe.read(one);
    });
    REQUIRE(pipe.close_read());
    const auto got = reading_now.get();
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == Errc::stopped);
    CHECK(pipe.close_read().error().kind == Errc::stopped);
}

TEST_CASE("blocked in write: closing the writing end ends it; so does that nobody reads") {
    for (const bool reader_leaves : {false, true}) {
        Pipe pipe = make_pipe(4096);
        const std::string text(mib, 'x');
        auto writing_now = beside([&] { return pipe.write(bytes_of(text)); });
        pollfd full{pipe.read_end().number(), POLLIN, 0};
        REQUIRE(::poll(&full, 1, 10'000) == 1);
        REQUIRE((reader_leaves ? pipe.close_read() : pipe.close_write()));
        const auto gone = writing_now.get();
        REQUIRE_FALSE(gone);
        CHECK(gone.error().side == Side::sink);
        if (reader_leaves)
            CHECK(means_broken_pipe(gone.error()));
        else
            CHECK(gone.error().kind == Errc::stopped);
    }
}

TEST_CASE("blocked in ReadFrom and in WriteTo: closing the end ends them") {
    Pipe pipe = make_pipe();
    Pair source = tcp_pair();
    auto in = beside([&] { return pipe.read_from(source.near.view()); });
    Pair sink = tcp_pair();
    auto out = beside([&] { return pipe.write_to(sink.near.view()); });
    write_all(source.far.view(), "x");
    pollfd through{sink.far.view().number(), POLLIN, 0};
    REQUIRE(::poll(&through, 1, 10'000) == 1);
    REQUIRE(pipe.close_read());
    const auto gone = out.get();
    REQUIRE(gone.error);
    CHECK(gone.error->kind == Errc::stopped);
    REQUIRE(pipe.close_write());
    const auto came = in.get();
    REQUIRE(came.error);
    CHECK(came.error->kind == Errc::stopped);
}

TEST_CASE("blocked between two pipes: closing the end of either ends it") {
    for (const bool sink_closes : {false, true}) {
        Pipe source = make_pipe();
        Pipe sink = make_pipe();
        auto moving = beside([&] { return sink.read_from(source); });
        REQUIRE(source.write(bytes_of("x")));
        pollfd through{sink.read_end().number(), POLLIN, 0};
        REQUIRE(::poll(&through, 1, 10'000) == 1);
        REQUIRE((sink_closes ? sink.close_write() : source.close_read()));
        const auto report = moving.get();
        REQUIRE(report.error);
        CHECK(report.error->kind == Errc::stopped);
        CHECK(report.bytes == 1);
    }
}

TEST_CASE("a pipe that another takes the place of is closed, though a third one copies to it") {
    Pipe first = make_pipe();
    Pipe copy = make_pipe();
    const FdView old = copy.read_end();
    first.tee(copy);
    copy = make_pipe();
    CHECK(::fcntl(old.number(), F_GETFD) == -1);
    REQUIRE(first.write(bytes_of("x")));
    std::array<std::byte, 1> one{};
    const auto got = first.read(one);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == Errc::stopped);
}

TEST_CASE("Fanout: is stopped from another thread") {
    Pair source = pipe_to_read();
    Pair one = pipe_to_write();
    Pair two = unix_pair(SOCK_STREAM);
    auto stop = StopSource::create();
    REQUIRE(stop);
    FanoutOptions how;
    how.transfer.supervision.stop = stop->token();
    Fanout fanout(*look_at(source.near.view(), "source"),
                  {{*look_at(one.near.view(), "one")}, {*look_at(two.near.view(), "two")}}, how);
    auto runs = beside([&] { return fanout.run(); });
    write_all(source.far.view(), "hello");
    pollfd through{two.far.view().number(), POLLIN, 0};
    REQUIRE(::poll(&through, 1, 10'000) == 1);
    stop->request_stop();
    const auto report = runs.get();
    REQUIRE(report.error);
    CHECK(report.error->kind == Errc::stopped);
    CHECK(report.bytes == 5);
}

TEST_CASE("WriteTo: every network, a file, a pipe of ours and of others, a writer") {
    const std::string text = pattern(2 * mib + 5);
    const TempDir files;
    for (const std::string kind : {"tcp", "unix", "file", "pipe", "Pipe", "writer"}) {
        Pipe pipe = make_pipe();
        auto written = beside([&] {
            (void)pipe.write(bytes_of(text));
            (void)pipe.close_write();
        });
        std::string got;
        TransferReport report;
        if (kind == "file") {
            const Fd file = open_file(files / "sink", O_CREAT | O_TRUNC | O_RDWR);
            report = pipe.write_to(file.view());
            got = read_all(open_file(files / "sink", O_RDONLY).view());
        } else if (kind == "writer") {
            Sheet sheet;
            report = pipe.write_to(sheet);
            got = sheet.text;
        } else if (kind == "Pipe") {
            Pipe other = make_pipe();
            auto read = beside([&] { return rest_of(other); });
            report = pipe.write_to(other);
            (void)other.close_write();
            got = read.get();
        } else {
            Pair sink = kind == "tcp"    ? tcp_pair()
                        : kind == "unix" ? unix_pair(SOCK_STREAM)
                                         : pipe_to_write();
            auto read = beside([&] { return read_all(sink.far.view()); });
            report = pipe.write_to(sink.near.view());
            (void)sink.near.close();
            got = read.get();
        }
        written.get();
        INFO(kind);
        CHECK_FALSE(report.error);
        CHECK(report.bytes == text.size());
        CHECK(got == text);
    }
}

TEST_CASE("SetBufferSize") {
    Pipe pipe = make_pipe();
    CHECK(pipe.capacity() == 65'536);
    CHECK(pipe.set_capacity(mib) == mib);
    CHECK(pipe.capacity() == mib);
    CHECK(pipe.set_capacity(5000) == 8192U);
    REQUIRE(pipe.write(bytes_of(std::string(8192, 'x'))));
    CHECK(pipe.set_capacity(4096).error().code == EBUSY);
    CHECK(pipe.capacity() == 8192);
    REQUIRE(pipe.close());
    CHECK(pipe.set_capacity(4096).error().kind == Errc::stopped);
}

// ---- Transfer

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

// ---- Session, as servers that bring their own sockets use it

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
