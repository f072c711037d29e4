// What becomes of the others when a sink fails, or when there are no pipes.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "catch.hpp"
#include "engine/fanout.hpp"
#include "engine/workspace.hpp"
#include "kernel/fanout_rig.hpp"

namespace zc::test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

bool same(std::string_view one, std::string_view other) { return one == other; }

// While it lives no file grows beyond this many bytes; then EFBIG.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::size_t bytes) {
        (void)::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit now{bytes, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
    }
    ~FileSizeLimit() { (void)::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

// Gives up, for this thread, what exempts from the quota of pipes.
void become_ordinary() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    (void)::syscall(SYS_capset, &header, none.data());
}

// The pipes a user may have, all taken.
std::vector<PrivatePipe> take_quota() {
    std::vector<PrivatePipe> pipes;
    while (pipes.size() < 300) {
        pipes.push_back(PrivatePipe::create(mib).value());
        if (pipes.back().capacity() <= 2 * 4096) break;
    }
    return pipes;
}

}  // namespace

TEST_CASE("fanout: a sink that is full keeps its first bytes, and the others get all") {
    const TempDir files;
    const auto from = GENERATE(From::pipe, From::file);
    const auto kind = GENERATE(To::file, To::append);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const std::string_view text = text_of(mib + 300077);
    for (const std::size_t room : {std::size_t{1}, mib + 5, text.size() - 1, text.size()})
        for (const std::size_t place : {0U, 1U, 3U}) {
            INFO(name_of(from) << ", room for " << room << ", at " << place);
            Inlet inlet(from, text, files);
            Outlets outlets = make_outlets({To::pipe, To::unix_socket, To::tcp}, files);
            outlets.insert(outlets.begin() + static_cast<std::ptrdiff_t>(place),
                           std::make_unique<Outlet>(kind, files));
            TransferOptions options;
            options.waiting = waiting;
            options.policy.zero_copy = ZeroCopy::always;
            Workspace space;
            const FileSizeLimit limit(room);
            const auto report = run_fanout(inlet.end(), sinks_of(outlets), space, options);
            CHECK(!report.error);
            for (std::size_t i = 0; i < outlets.size(); ++i) {
                const std::size_t most = i == place ? room : text.size();
                const SinkReport& sink = report.sinks[i];
                CHECK(sink.bytes == most);
                CHECK(same(outlets[i]->got(), text.substr(0, most)));
                REQUIRE(sink.error.has_value() == (most < text.size()));
                if (sink.error) CHECK(cause(*sink.error) == "File too large");
            }
        }
}

TEST_CASE("fanout: a reader that leaves does not disturb the others") {
    const TempDir files;
    const auto kind = GENERATE(To::pipe, To::tcp, To::unix_socket);
    const auto from = GENERATE(From::pipe, From::unix_socket);
    const auto waiting = GENERATE(Waiting::in_kernel, Waiting::by_poll);
    const std::string_view text = text_of(2 * mib);
    for (const std::size_t after : {std::size_t{0}, std::size_t{1}, mib, text.size() - 1})
        for (std::size_t place = 0; place < 3; ++place) {
            INFO(name_of(from) << " to " << name_of(kind) << " that leaves after " << after
                               << ", at " << place);
            Inlet inlet(from, text, files);
            Outlets outlets = make_outlets({To::pipe, To::file, To::unix_socket}, files);
            outlets[place] = std::make_unique<Outlet>(kind, files, Habit{65536, after});
            TransferOptions options;
            options.waiting = waiting;
            Workspace space;
            const auto report = run_fanout(inlet.end(), sinks_of(outlets), space, options);
            CHECK(!report.error);
            for (std::size_t i = 0; i < outlets.size(); ++i) {
                const SinkReport& sink = report.sinks[i];
                const std::string got = outlets[i]->got();
                if (i != place) {
                    CHECK(!sink.error);
                    CHECK(sink.bytes == text.size());
                    CHECK(same(got, text));
                    continue;
                }
                CHECK(same(got, text.substr(0, after)));
                CHECK(sink.bytes >= after);
                // A queue may hold all the rest when the reader leaves: a pipe's slot
                // can be a socket's compound page.
                if (after == 0) CHECK(sink.error);
                if (sink.error) CHECK(sink.error->side == Side::sink);
                if (!sink.error) CHECK(sink.bytes == text.size());
            }
        }
}

TEST_CASE("fanout: with no sink left the source is read no further") {
    const TempDir files;
    const auto count = GENERATE(range(0, 4));
    Inlet inlet(From::pipe, text_of(mib), files);
    Outlets outlets =
        make_outlets(std::vector<To>(static_cast<std::size_t>(count), To::full), files);
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks_of(outlets), space);
    CHECK(!report.error);
    CHECK(report.bytes <= (count == 0 ? 0 : 65536));
    CHECK(space.held() == 0);
    for (const SinkReport& sink : report.sinks) CHECK(sink.error);
    CHECK(same(read_all(inlet.near()), text_of(mib).substr(report.bytes)));
}

TEST_CASE("fanout: a loss ends all where the sink says so") {
    const TempDir files;
    const auto on_loss = GENERATE(SinkLoss::ends_all, SinkLoss::ends_all_unless_left);
    const bool leaves = GENERATE(true, false);
    Inlet inlet(From::pipe, text_of(3 * mib), files);
    Outlets outlets = make_outlets({To::file}, files);
    outlets.push_back(leaves ? std::make_unique<Outlet>(To::pipe, files, Habit{1, 0})
                             : std::make_unique<Outlet>(To::full, files));
    auto sinks = sinks_of(outlets);
    sinks[1].on_loss = on_loss;
    Workspace space;
    const FanoutReport report = run_fanout(inlet.end(), sinks, space);
    CHECK(report.sinks[1].error);
    CHECK(!report.sinks[0].error);
    const bool goes_on = leaves && on_loss == SinkLoss::ends_all_unless_left;
    CHECK((report.bytes == 3 * mib) == goes_on);
    CHECK(same(outlets[0]->got(), text_of(report.sinks[0].bytes)));
}

TEST_CASE("fanout: pipes of different sizes") {
    const TempDir files;
    const auto from = GENERATE(From::pipe, From::tcp);
    const std::string_view text = text_of(3 * mib + 1);
    Inlet inlet(from, text, files);
    Outlets outlets = make_outlets({To::file, To::tcp, To::full, To::unix_socket}, files);
    std::size_t last_capacity = 0;
    FanoutReport report;
    std::thread ordinary([&] {
        become_ordinary();
        Workspace space;
        (void)space.carrier.pipe();  // 1 MiB; no other gets as much
        const std::vector<PrivatePipe> quota = take_quota();
        last_capacity = quota.back().capacity();
        report = run_fanout(inlet.end(), sinks_of(outlets), space);
    });
    ordinary.join();
    CHECK(last_capacity <= 2 * 4096);
    CHECK(!report.error);
    CHECK(main_method(report.bytes_by) == Method::tee);
    for (const std::size_t i : {0U, 1U, 3U}) CHECK(same(outlets[i]->got(), text));
}

TEST_CASE("fanout: without a descriptor for a pipe, all is copied") {
    const TempDir files;
    const int spare = GENERATE(0, 1, 2, 3);
    Inlet inlet(From::pipe, text_of(2 * mib), files);
    Outlets outlets = make_outlets({To::pipe, To::tcp}, files);
    const auto sinks = sinks_of(outlets);
    const Endpoint source = inlet.end();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const Fd next = open_file("/dev/null", O_RDONLY);
    const rlimit few{static_cast<rlim_t>(next.view().number() + 1 + spare), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    Workspace space;
    const FanoutReport report = run_fanout(source, sinks, space);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(!report.error);
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].from == Method::tee);
    CHECK(report.demotions[0].to == Method::copy);
    CHECK(cause(report.demotions[0].reason) == "Too many open files");
    for (const auto& outlet : outlets) CHECK(same(outlet->got(), text_of(2 * mib)));
}

// The example of acln.ro/zerocopy: a camera, a client, and a recording.
TEST_CASE("fanout: a recording goes on when its client has left") {
    const TempDir files;
    const std::string_view text = text_of(1000000);
    const auto habit = GENERATE(Habit{100, {}}, Habit{100, 300000}, Habit{1, 0});
    Inlet camera(From::tcp, text, files);
    Outlet client(To::tcp, files, habit);
    Outlet recording(To::file, files);
    Workspace space;
    TransferOptions options;
    options.waiting = Waiting::by_poll;
    const auto report =
        run_fanout(camera.end(), {{client.end()}, {recording.end()}}, space, options);
    CHECK(!report.error);
    CHECK(report.bytes == text.size());
    CHECK(report.sinks[1].bytes == text.size());
    CHECK(same(recording.got(), text));
    CHECK(same(client.got(), text.substr(0, habit.leaves_after.value_or(text.size()))));
    if (!habit.leaves_after) CHECK(!report.sinks[0].error);
}

}  // namespace zc::test
