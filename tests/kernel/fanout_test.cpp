#include "engine/fanout.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <numeric>

#include "catch.hpp"
#include "engine/workspace.hpp"
#include "kernel/fanout_rig.hpp"

namespace zc::test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

TransferOptions in_mode(Waiting waiting) {
    TransferOptions options;
    options.waiting = waiting;
    return options;
}

std::vector<To> mix_of(std::size_t count, std::size_t shift) {
    std::vector<To> kinds;
    for (std::size_t i = 0; i < count; ++i)
        kinds.push_back(static_cast<To>((shift + i) % to_count));
    return kinds;
}

// Compared without printing megabytes.
bool same(std::string_view one, std::string_view other) { return one == other; }

void check_complete(const FanoutReport& report, Outlets& outlets, std::string_view text) {
    for (std::size_t i = 0; i < outlets.size(); ++i) {
        const SinkReport& sink = report.sinks[i];
        INFO("sink " << i << ": " << sink.label);
        const bool full = outlets[i]->kind() == To::full && !text.empty();
        CHECK(sink.bytes == (full ? 0 : text.size()));
        REQUIRE(sink.error.has_value() == full);
        if (full) {
            CHECK(cause(*sink.error) == "No space left on device");
            CHECK(sink.error->side == Side::sink);
            CHECK(sink.error->subject == "/dev/full");
        } else if (outlets[i]->kind() != To::null && outlets[i]->kind() != To::full) {
            CHECK(same(outlets[i]->got(), text));
        }
        CHECK(std::accumulate(sink.bytes_by.begin(), sink.bytes_by.end(), std::uint64_t{0}) ==
              sink.bytes);
    }
}

void run_case(From from, const std::vector<To>& to, std::size_t bytes, Waiting waiting) {
    INFO(name_of(from) << ", " << to.size() << " sinks from " << name_of(to[0]) << " on, " << bytes
                       << " bytes" << (waiting == Waiting::by_poll ? ", by poll" : ""));
    // With nothing but /dev/full, the rest is not read; whoever writes it to a
    // terminal would wait for ever.
    const bool some_live = std::any_of(to.begin(), to.end(), [](To k) { return k != To::full; });
    if (from == From::pty && !some_live) return;
    const TempDir files;
    const std::string_view text = text_of(bytes);
    Inlet inlet(from, text, files);
    Outlets outlets = make_outlets(to, files);
    FanoutOptions options = in_mode(waiting);
    if (from == From::pty) options.transfer.limit = bytes;
    options.threads = waiting == Waiting::by_poll ? 3 : 1;
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks_of(outlets), space, options);
    REQUIRE(!report.error);
    if (some_live) CHECK(report.bytes == bytes);
    CHECK(space.held() == 0);
    check_complete(report, outlets, text);
}

}  // namespace

TEST_CASE("fanout: every byte reaches every sink, whatever they are") {
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const auto from = static_cast<From>(GENERATE(range(std::size_t{0}, from_count)));
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{65535}, mib + 1})
        for (const std::size_t count : {1U, 2U, 5U})
            for (std::size_t shift = 0; shift < to_count; ++shift)
                run_case(from, mix_of(count, shift), bytes, waiting);
}

TEST_CASE("fanout: large inputs arrive complete") {
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const auto from = static_cast<From>(GENERATE(range(std::size_t{0}, from_count)));
    for (std::size_t shift = 0; shift < to_count; ++shift)
        run_case(from, mix_of(1 + shift % 5, shift), 5 * mib, waiting);
}

TEST_CASE("fanout: a pipe goes by tee, its last reader by the carrier") {
    const TempDir files;
    Inlet inlet(From::pipe, text_of(5 * mib), files);
    // Beside a sink that refuses splice all others are teed to; else the last one at
    // the head, whoever that is at the moment, gets the pages themselves.
    const bool copies = GENERATE(true, false);
    Outlets outlets = make_outlets({To::pipe, copies ? To::append : To::pipe, To::tcp}, files);
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks_of(outlets), space);
    CHECK(main_method(report.bytes_by) == Method::tee);
    CHECK(report.demotions.empty());
    std::uint64_t by_carrier = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const bool refuses = copies && i == 1;
        const auto& by = report.sinks[i].bytes_by;
        const auto copied = by[static_cast<std::size_t>(Method::copy)];
        CHECK(report.sinks[i].demotions.empty());
        CHECK(refuses == (copied > mib));
        by_carrier += by[static_cast<std::size_t>(Method::carrier)];
    }
    CHECK((by_carrier > 0) == !copies);
    CHECK(report.calls > 0);
    CHECK(report.elapsed.count() > 0);
}

TEST_CASE("fanout: pages of a file are handed out only when told to") {
    const TempDir files;
    const auto policy = GENERATE(ZeroCopy::automatic, ZeroCopy::always, ZeroCopy::never);
    Inlet inlet(From::file, text_of(3 * mib), files);
    Outlets outlets = make_outlets({To::pipe, To::file}, files);
    TransferOptions options;
    options.policy.zero_copy = policy;
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks_of(outlets), space, options);
    const auto teed = report.bytes_by[static_cast<std::size_t>(Method::tee)];
    CHECK(teed == (policy == ZeroCopy::always ? 3 * mib : 0));
    check_complete(report, outlets, text_of(3 * mib));
}

TEST_CASE("fanout: a slow sink sets the pace and loses nothing") {
    const TempDir files;
    const auto slow = GENERATE(To::pipe, To::tcp, To::unix_socket);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const auto place = GENERATE(range(std::size_t{0}, std::size_t{3}));
    Inlet inlet(From::unix_socket, text_of(2 * mib), files);
    Outlets outlets = make_outlets({To::pipe, To::file, To::tcp}, files);
    outlets[place] = std::make_unique<Outlet>(slow, files, Habit{333, {}});
    Workspace space;
    const auto report = run_fanout(inlet.end(), sinks_of(outlets), space, in_mode(waiting));
    CHECK(!report.error);
    check_complete(report, outlets, text_of(2 * mib));
}

TEST_CASE("fanout: a limit leaves the rest in the source") {
    const TempDir files;
    const auto limit = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{65537}, mib);
    Inlet inlet(From::pipe, text_of(mib + 100000), files);
    Outlets outlets = make_outlets({To::pipe, To::file, To::unix_socket}, files);
    TransferOptions options;
    options.limit = limit;
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks_of(outlets), space, options);
    CHECK(report.bytes == limit);
    check_complete(report, outlets, text_of(limit));
    CHECK(same(read_all(inlet.near()), text_of(mib + 100000).substr(limit)));
}

TEST_CASE("fanout: a source that fails is told after all it gave has arrived") {
    const TempDir files;
    const Fd directory = open_file(files / ".", O_RDONLY);
    Outlets outlets = make_outlets({To::pipe, To::null}, files);
    Workspace space;
    const FanoutReport report =
        run_fanout(look_at(directory.view(), "the directory").value(), sinks_of(outlets), space);
    REQUIRE(report.error);
    CHECK(cause(*report.error) == "Is a directory");
    CHECK(report.error->side == Side::source);
    CHECK(report.error->subject == "the directory");
    CHECK(!report.sinks[0].error);
}

TEST_CASE("fanout: each byte reaches every sink before the next is asked for") {
    const auto before = GENERATE(std::size_t{0}, std::size_t{200000});
    Pair source = unix_pair(SOCK_STREAM);
    Pair first = pipe_to_write();
    Pair second = tcp_pair();
    Pair third = unix_pair(SOCK_STREAM);
    for (const FdView fd : {source.far.view(), second.near.view(), third.near.view()})
        set_nonblocking(fd);
    std::vector<FanoutSink> sinks;
    for (const Pair* pair : {&first, &second, &third})
        sinks.push_back({look_at(pair->near.view(), "sink").value()});
    Workspace space;
    Fanout fanout(look_at(source.near.view(), "source").value(), sinks, space,
                  in_mode(Waiting::by_poll));

    std::array<std::string, 3> got;
    const auto settle = [&] {
        Progress progress = fanout.advance();
        while (progress.state == Progress::State::moving ||
               progress.wants->fd != source.near.view()) {
            progress = fanout.advance();
            got[0] += read_now(first.far.view());
            got[1] += read_now(second.far.view());
            got[2] += read_now(third.far.view());
        }
    };
    const std::string_view text = text_of(before + 100);
    std::size_t sent = 0;
    while (sent < before) {
        sent += write_now(source.far.view(), text.substr(sent, before - sent));
        settle();
    }
    for (; sent < text.size(); ++sent) {
        (void)write_now(source.far.view(), text.substr(sent, 1));
        settle();
        // TCP hands a byte over to its peer a little later than send(2) returns.
        while (got[1].size() <= sent) got[1] += read_now(second.far.view());
        for (const std::string& part : got) REQUIRE(part.size() == sent + 1);
    }
    for (const std::string& part : got) CHECK(same(part, text));
    const auto teed = fanout.report().bytes_by[static_cast<std::size_t>(Method::tee)];
    CHECK((teed > 0) == (before > 0));
}

TEST_CASE("fanout: waits for the one sink that is full, and goes on there") {
    Pair source = pipe_to_read();
    Pair open = pipe_to_write();
    Pair stuck = pipe_to_write();
    const auto inherited = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    for (const Pair* pair : {&source, &open, &stuck}) {
        set_nonblocking(pair->near.view());
        set_nonblocking(pair->far.view());
    }
    const std::string filler(write_now(stuck.near.view(), text_of(65536)), ' ');
    Workspace space;
    std::vector<FanoutSink> sinks{{look_at(stuck.near.view(), "stuck").value()},
                                  {look_at(open.near.view(), "open").value()}};
    Fanout fanout(look_at(source.near.view(), "source").value(), sinks, space, in_mode(inherited));
    (void)write_now(source.far.view(), "hello");
    Progress progress = fanout.advance();
    while (progress.state == Progress::State::moving) progress = fanout.advance();
    REQUIRE(progress.state == Progress::State::waiting);
    CHECK(progress.wants->fd == stuck.near.view());
    CHECK(progress.wants->event == Readiness::writable);
    CHECK(read_now(stuck.far.view(), filler.size()).size() == filler.size());
    (void)source.far.close();
    while (progress.state != Progress::State::finished) progress = fanout.advance();
    CHECK(read_now(stuck.far.view()) == "hello");
    CHECK(read_now(open.far.view()) == "hello");
}

}  // namespace zc::test
