// The lease against a writer that is real.
#include "engine/lease.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/transfer.hpp"
#include "engine/workspace.hpp"
#include "kernel/ends.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

using namespace zc;
using namespace zc::test;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t mib = 1024 * 1024;

// Reads at least `bytes` more, or to the end.
void take(FdView fd, std::size_t bytes, std::string& into) {
    std::vector<char> part(64 * 1024);
    const std::size_t goal = into.size() + bytes;
    while (into.size() < goal) {
        const auto got =
            ::read(fd.number(), part.data(), std::min(part.size(), goal - into.size()));
        if (got <= 0) return;
        into.append(part.data(), static_cast<std::size_t>(got));
    }
}

TransferReport move(FdView source, FdView sink, ZeroCopy zero_copy) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    Workspace space;
    return run_transfer(*look_at(source, "source"), *look_at(sink, "sink"), space,
                        {{zero_copy, Cache::normal}, {}, Waiting::in_kernel});
}

// Waits, by asking, until the writer waits in its open(2) for our lease.
void await_break(FdView file) {
    const std::string inode = ":" + std::to_string(classify(file)->inode) + " ";
    const auto deadline = Clock::now() + std::chrono::seconds{10};
    while (Clock::now() < deadline) {
        std::ifstream locks("/proc/locks");
        for (std::string line; std::getline(locks, line);)
            if (line.find("BREAKING") != line.npos && line.find(inode) != line.npos) return;
        std::this_thread::yield();
    }
}

// Waits, by asking, until a sink is full: then pages are certainly out.
void await_full(FdView sink) {
    const std::array<Interest, 1> room{Interest{sink, Readiness::writable}};
    const auto deadline = Clock::now() + std::chrono::seconds{10};
    while (sys::wait(room, {}, std::chrono::milliseconds{0}).value() != 0) {
        REQUIRE(Clock::now() < deadline);
        std::this_thread::yield();
    }
}

// For as long as it lives the kernel takes a lease away 1 s after its break.
class ShortBreaks {
public:
    ShortBreaks() {
        std::ifstream(name) >> before_;
        allowed_ = before_ > 0 && set(1);
    }
    ShortBreaks(const ShortBreaks&) = delete;
    ShortBreaks& operator=(const ShortBreaks&) = delete;
    ~ShortBreaks() {
        if (allowed_) (void)set(before_);
    }
    [[nodiscard]] bool allowed() const { return allowed_; }

private:
    static constexpr const char* name = "/proc/sys/fs/lease-break-time";
    static bool set(int seconds) { return (std::ofstream(name) << seconds << std::flush).good(); }
    int before_ = 0;
    bool allowed_ = false;
};

enum class Attack { overwrite, truncate };

void attack(const std::filesystem::path& path, Attack how, std::size_t bytes) {
    if (how == Attack::truncate) {
        (void)::truncate(path.c_str(), 0);
        return;
    }
    const Fd writer = open_file(path, O_WRONLY);
    write_all(writer.view(), std::string(bytes, 'X'));
}

struct Attacked {
    std::string received;
    TransferReport report;
    std::chrono::nanoseconds writer_waited{};
};

// A reader takes 2 MiB; then a writer attacks; then the reader goes on, slowly
// enough that the pipe is full of what was sent before.
Attacked attack_while_reading(const std::string& content, Attack how, ZeroCopy zero_copy,
                              Pair sink) {
    const TempDir files;
    const auto path = files.file("source", content);
    const Fd source = open_file(path, O_RDONLY);
    const FdView full = sink.near.view();  // the mover closes it in the end
    Attacked result;
    auto mover = std::async(std::launch::async, [&] {
        auto report = move(source.view(), sink.near.view(), zero_copy);
        (void)sink.near.close();
        return report;
    });
    take(sink.far.view(), 2 * mib, result.received);
    await_full(full);
    auto writer = std::async(std::launch::async, [&] {
        const auto began = Clock::now();
        attack(path, how, content.size());
        return Clock::now() - began;
    });
    if (zero_copy == ZeroCopy::always)
        result.writer_waited = writer.get();  // nothing stops it
    else
        await_break(source.view());
    // Long enough that a mover which gave the lease up too early lets the writer
    // write, and short of the 250 ms after which it has to.
    if (writer.valid()) (void)writer.wait_for(std::chrono::milliseconds{150});
    take(sink.far.view(), content.size(), result.received);
    if (writer.valid()) result.writer_waited = writer.get();
    result.report = mover.get();
    return result;
}

Pair nonblocking_socket() {
    Pair pair = unix_pair(SOCK_STREAM);
    set_nonblocking(pair.near.view());
    return pair;
}

// How many bytes came as they were before somebody wrote.
std::size_t unchanged_bytes(const std::string& received, const std::string& content) {
    const auto size = std::min(received.size(), content.size());
    const auto at =
        std::mismatch(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(size),
                      content.begin())
            .first;
    return static_cast<std::size_t>(at - received.begin());
}

}  // namespace

TEST_CASE("lease: a quiet file goes by splice, and its lease is released") {
    const TempDir files;
    const std::string content = pattern(16 * mib);
    const auto path = files.file("source", content);
    const Fd source = open_file(path, O_RDONLY);
    Pair sink = pipe_to_write();
    auto mover = std::async(std::launch::async, [&] {
        auto report = move(source.view(), sink.near.view(), ZeroCopy::automatic);
        (void)sink.near.close();
        return report;
    });
    std::string received;
    take(sink.far.view(), content.size() + 1, received);
    const auto report = mover.get();
    CHECK_FALSE(report.error);
    CHECK((received == content));
    CHECK(report.bytes_by[static_cast<std::size_t>(Method::carrier)] == 12 * mib);
    CHECK(report.demotions.empty());
    CHECK(open_file(path, O_WRONLY | O_NONBLOCK).valid());  // nobody holds a lease
    CHECK(classify(sink.far.view())->blocking == Blocking::yes);
}

TEST_CASE("lease: is refused while somebody has the file open for writing") {
    const TempDir files;
    const auto path = files.file("source", pattern(9 * mib));
    const Fd writer = open_file(path, O_WRONLY);
    const Fd source = open_file(path, O_RDONLY);
    const auto lease = Lease::take(source.view());
    REQUIRE_FALSE(lease);
    CHECK(means_try_later(lease.error()));
}

TEST_CASE("lease: one that the kernel has taken away is told by its release") {
    const TempDir files;
    const auto path = files.file("source", pattern(mib));
    const Fd source = open_file(path, O_RDONLY);
    REQUIRE(sys::take_read_lease(source.view()));
    CHECK(sys::release_lease(source.view()).value());
    CHECK_FALSE(sys::release_lease(source.view()).value());
    const ShortBreaks breaks;
    if (!breaks.allowed()) {
        WARN("lease-break-time cannot be set here");
        return;
    }
    REQUIRE(sys::take_read_lease(source.view()));
    { const Fd writer = open_file(path, O_WRONLY); }  // waits until it is taken away
    CHECK_FALSE(sys::holds_read_lease(source.view()).value());
    CHECK_FALSE(sys::release_lease(source.view()).value());
}

TEST_CASE("lease: a pipe and a socket tell that their reader has left") {
    for (const bool socket : {false, true}) {
        Pair sink = socket ? unix_pair(SOCK_STREAM) : pipe_to_write();
        write_all(sink.near.view(), "unread");
        CHECK_FALSE(sys::reader_left(sink.near.view()).value());
        (void)sink.far.close();
        CHECK(sys::reader_left(sink.near.view()).value());
    }
}

// The reader gets what was there before the writer came, up to the point where
// the lease was given up; what the file holds is read only after that.
TEST_CASE("lease: a writer never changes what was taken before it") {
    const std::string content = pattern(20 * mib);
    const Attack how = GENERATE(Attack::overwrite, Attack::truncate);
    const bool to_socket = GENERATE(false, true);
    Attacked result;
    for (int tries = 0; tries < 10; ++tries) {
        result = attack_while_reading(content, how, ZeroCopy::automatic,
                                      to_socket ? nonblocking_socket() : pipe_to_write());
        // On a busy machine the pause is longer than the grace, and that is told.
        const auto& error = result.report.error;
        if (!error || error->kind != Errc::timed_out) break;
    }
    INFO((how == Attack::truncate ? "truncate" : "overwrite"));
    INFO((to_socket ? "to a socket" : "to a pipe"));
    CHECK(result.report.bytes_by[static_cast<std::size_t>(Method::carrier)] != 0);
    INFO("error: " << (result.report.error ? cause(*result.report.error) : "none"));
    CHECK_FALSE(result.report.error);
    CHECK(result.writer_waited < std::chrono::seconds{5});  // not lease-break-time, 45 s
    // Beyond the 2 MiB that were read, a full pipe or send buffer of pages was out.
    const std::size_t same = unchanged_bytes(result.received, content);
    CHECK(same >= 2 * mib + (to_socket ? 128 * 1024 : mib));
    // After it, only what the writer left, never a mixture.
    if (how == Attack::truncate) CHECK(same == result.received.size());
    for (std::size_t i = same; i < result.received.size(); i += 4096)
        if (result.received[i] != 'X' && result.received[i] != content[i]) FAIL(i);
}

TEST_CASE("lease: without it the same writer does change the stream") {
    const std::string content = pattern(20 * mib);
    const Attacked result =
        attack_while_reading(content, Attack::overwrite, ZeroCopy::always, pipe_to_write());
    // The pipe's pages, read from 2 MiB on, were ruined.
    CHECK(unchanged_bytes(result.received, content) < 2 * mib + 64 * 1024);
}

TEST_CASE("lease: a reader that stops does not keep a writer waiting") {
    const TempDir files;
    const std::string content = pattern(20 * mib);
    const auto path = files.file("source", content);
    const Fd source = open_file(path, O_RDONLY);
    Pair sink = pipe_to_write();
    auto mover = std::async(std::launch::async, [&] {
        return move(source.view(), sink.near.view(), ZeroCopy::automatic);
    });
    std::string received;
    take(sink.far.view(), 2 * mib, received);
    await_full(sink.near.view());
    const auto began = Clock::now();
    { const Fd writer = open_file(path, O_WRONLY); }  // sleeps until the lease is released
    CHECK(Clock::now() - began < std::chrono::seconds{2});
    (void)sink.far.close();  // lest a mover that knows nothing waits for ever
    const auto report = mover.get();
    REQUIRE(report.error);
    CHECK(cause(*report.error) == "file was opened for writing while its reader was behind");
    CHECK(report.error->subject == "source");
}
