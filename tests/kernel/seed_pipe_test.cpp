// The cases of the test file of acln.ro/zerocopy, by their names there: those of its Pipe;
// and what it does not ask.
#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "battery.hpp"
#include "engine/fanout.hpp"
#include "kernel/pipeline_rig.hpp"
#include "kernel/stop.hpp"

using namespace zc;
using namespace zc::test;

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
