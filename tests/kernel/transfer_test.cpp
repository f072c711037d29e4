// Transfers over Linux: every pair of kinds, descriptors that others share, and
// the sleeps that must not lock a pipe.
#include "engine/transfer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <future>
#include <thread>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/workspace.hpp"
#include "kernel/ends.hpp"
#include "kernel/limits.hpp"
#include "kernel/real_world.hpp"
#include "kernel/sys.hpp"

using namespace zc;
using namespace zc::test;

namespace {

constexpr std::size_t mib = 1024 * 1024;

// One way to have a source or a sink.
struct Maker {
    const char* name;
    std::function<Pair(const TempDir&, const std::string& bytes)> make;
    bool has_peer;  // somebody must feed or drain it
};

Pair with_file(const TempDir& files, const char* name, const std::string& bytes, int flags) {
    const auto path = files.file(name, bytes);
    return {open_file(path, flags), open_file(path, O_RDONLY)};
}

Pair with_memfd(const std::string& bytes) {
    Fd memory(::memfd_create("test", MFD_CLOEXEC));
    write_all(memory.view(), bytes);
    const std::string path = "/proc/self/fd/" + std::to_string(memory.view().number());
    Fd other = open_file(path, O_RDWR);
    return {std::move(other), std::move(memory)};
}

const std::vector<Maker>& sources() {
    static const std::vector<Maker> all{
        {"file",
         [](auto& files, auto& bytes) { return with_file(files, "source", bytes, O_RDONLY); },
         false},
        {"memfd", [](auto&, auto& bytes) { return with_memfd(bytes); }, false},
        {"pipe", [](auto&, auto&) { return pipe_to_read(); }, true},
        {"tcp", [](auto&, auto&) { return tcp_pair(); }, true},
        {"unix", [](auto&, auto&) { return unix_pair(SOCK_STREAM); }, true},
    };
    return all;
}

const std::vector<Maker>& sinks() {
    static const std::vector<Maker> all{
        {"file", [](auto& files, auto&) { return with_file(files, "sink", "", O_WRONLY); }, false},
        {"append file",
         [](auto& files, auto&) { return with_file(files, "sink", "", O_WRONLY | O_APPEND); },
         false},
        {"memfd", [](auto&, auto&) { return with_memfd(""); }, false},
        {"pipe", [](auto&, auto&) { return pipe_to_write(); }, true},
        {"tcp", [](auto&, auto&) { return tcp_pair(); }, true},
        {"unix", [](auto&, auto&) { return unix_pair(SOCK_STREAM); }, true},
        {"pty", [](auto&, auto&) { return pty_pair(); }, true},
    };
    return all;
}

// Reads `most` bytes or to the end; a pty has no end while its slave is open.
std::string read_up_to(FdView fd, std::size_t most) {
    std::string all;
    std::vector<char> part(128 * 1024);
    while (all.size() < most) {
        const auto got = ::read(fd.number(), part.data(), std::min(part.size(), most - all.size()));
        if (got <= 0) break;
        all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
}

std::string content_of(FdView file) {
    ::lseek(file.number(), 0, SEEK_SET);
    return read_all(file);
}

TransferReport move(const Pair& source, const Pair& sink, TransferOptions options = {}) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    Workspace space;
    auto report = run_transfer(*look_at(source.near.view(), "source"),
                               *look_at(sink.near.view(), "sink"), space, options);
    CHECK(space.held() == 0);
    return report;
}

void check_pair(const Maker& from, const Maker& to, const std::string& bytes, Mode mode) {
    const TempDir files;
    Pair source = from.make(files, bytes);
    Pair sink = to.make(files, bytes);
    if (mode.blocking == Blocking::no) {
        set_nonblocking(source.near.view());
        set_nonblocking(sink.near.view());
    }
    const bool pty = std::string(to.name) == "pty";
    std::thread feeder;
    if (from.has_peer)
        feeder = std::thread([&] {
            write_all(source.far.view(), bytes);
            (void)source.far.close();
        });
    std::future<std::string> received;
    if (to.has_peer)
        received = std::async(std::launch::async, [&] {
            return read_up_to(sink.far.view(), pty ? bytes.size() : ~std::size_t{0});
        });
    const auto report = move(source, sink, {{}, {}, mode.waiting});
    if (!pty) (void)sink.near.close();
    const std::string got = to.has_peer ? received.get() : content_of(sink.far.view());
    if (feeder.joinable()) feeder.join();
    INFO("error: " << (report.error ? cause(*report.error) : "none"));
    CHECK_FALSE(report.error);
    CHECK(report.bytes == bytes.size());
    CHECK((got == bytes));
}

}  // namespace

TEST_CASE("transfer: every pair of kinds, every size, byte for byte") {
    (void)std::signal(SIGPIPE, SIG_IGN);
    const std::string bytes = pattern(9 * mib);
    const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 65535, 65536, mib + 1, 9 * mib);
    for (const Maker& from : sources())
        for (const Maker& to : sinks()) {
            if (std::string(to.name) == "pty" && size > 65536) continue;  // 20 MB/s
            INFO(from.name << " to " << to.name << ", " << size << " bytes");
            check_pair(from, to, bytes.substr(0, size), {Blocking::yes, Waiting::in_kernel});
        }
}

TEST_CASE("transfer: every pair with inherited non-blocking descriptors, and in an event loop") {
    (void)std::signal(SIGPIPE, SIG_IGN);
    const std::string bytes = pattern(2 * mib + 1);
    for (const Mode mode :
         {Mode{Blocking::no, Waiting::in_kernel}, Mode{Blocking::no, Waiting::by_poll},
          Mode{Blocking::yes, Waiting::by_poll}})
        for (const Maker& from : sources())
            for (const Maker& to : sinks()) {
                const bool slow = std::string(to.name) == "pty";
                INFO(from.name << " to " << to.name);
                check_pair(from, to, slow ? bytes.substr(0, 30'000) : bytes, mode);
            }
}

TEST_CASE("transfer: devices") {
    const TempDir files;
    for (const Maker& from : sources()) {
        INFO(from.name);
        for (const bool full : {false, true}) {
            Pair source = from.make(files, pattern(300'000));
            std::thread feeder;
            if (from.has_peer)
                feeder = std::thread([&] {
                    write_all(source.far.view(), pattern(300'000));
                    (void)source.far.close();
                });
            const Pair sink{open_file(full ? "/dev/full" : "/dev/null", O_WRONLY), Fd()};
            const auto report = move(source, sink);
            (void)source.near.close();
            if (feeder.joinable()) feeder.join();
            if (full) {
                REQUIRE(report.error);
                CHECK(report.error->code == ENOSPC);
                CHECK(report.error->side == Side::sink);
                CHECK(report.error->subject == "sink");
            } else {
                CHECK_FALSE(report.error);
                CHECK(report.bytes == 300'000);
            }
        }
    }
}

TEST_CASE("transfer: a directory says EISDIR, /proc says what it holds") {
    const TempDir files;
    Pair sink = pipe_to_write();
    const auto report = move({open_file(files / "", O_RDONLY | O_DIRECTORY), Fd()}, sink);
    REQUIRE(report.error);
    CHECK(report.error->code == EISDIR);
    CHECK(report.error->side == Side::source);

    const Pair file = with_file(files, "sink", "", O_WRONLY);
    CHECK_FALSE(move({open_file("/proc/self/maps", O_RDONLY), Fd()}, file).error);
    CHECK(content_of(file.far.view()).size() > 1000);
}

TEST_CASE("transfer: an endless device up to the limit") {
    const TempDir files;
    const Pair file = with_file(files, "sink", "", O_WRONLY);
    const auto report =
        move({open_file("/dev/zero", O_RDONLY), Fd()}, file, {{}, 3 * mib + 1, Waiting::in_kernel});
    CHECK_FALSE(report.error);
    CHECK((content_of(file.far.view()) == std::string(3 * mib + 1, '\0')));
}

TEST_CASE("a full terminal never makes an event loop sleep") {
    const Pair sink = pty_pair();
    const TempDir files;
    const Pair source = with_file(files, "source", std::string(100'000, '\n'), O_RDONLY);
    Workspace space;
    Transfer transfer(*look_at(source.near.view(), "source"), *look_at(sink.near.view(), "sink"),
                      space, {{}, {}, Waiting::by_poll});
    // Nobody reads meanwhile: a write that sleeps would never end. After a read
    // there is room, but less than a long write needs.
    for (std::size_t taken = 1; taken < 600; taken += 99) {
        Progress progress;
        do progress = transfer.advance();
        while (progress.state == Progress::State::moving);
        REQUIRE(progress.state == Progress::State::waiting);
        CHECK(progress.wants->event == Readiness::writable);
        CHECK(read_now(sink.far.view(), taken).size() == taken);
    }
}

namespace {

// Waits, by asking, until a thread of this process sleeps.
void await_sleep(pid_t thread) {
    const auto stat = "/proc/self/task/" + std::to_string(thread) + "/stat";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < deadline) {
        const std::string line = read_all(open_file(stat, O_RDONLY).view());
        if (line.at(line.rfind(')') + 2) == 'S') return;
        std::this_thread::yield();
    }
    FAIL("the mover does not sleep");
}

}  // namespace

TEST_CASE("a silent socket never locks the output pipe") {
    for (const bool tcp : {false, true}) {
        Pair source = tcp ? tcp_pair() : unix_pair(SOCK_STREAM);
        Pair sink = pipe_to_write();
        set_nonblocking(sink.far.view());
        const std::string first = pattern(200'000);
        std::promise<pid_t> id;
        auto mover = std::async(std::launch::async, [&] {
            id.set_value(::gettid());
            return move(source, sink);
        });
        const pid_t thread = id.get_future().get();
        // Enough that splice is in use, then silence.
        std::thread feeder([&] { write_all(source.far.view(), first); });
        std::string got;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (got.size() < first.size() && std::chrono::steady_clock::now() < deadline)
            got += read_now(sink.far.view());
        feeder.join();
        CHECK((got == first));
        await_sleep(thread);
        // Each of these would hang with it if it slept with the pipe's lock.
        char byte = 0;
        CHECK(::read(sink.far.view().number(), &byte, 1) == -1);
        CHECK(sys::unread_bytes(sink.far.view()).value() == 0);
        CHECK(sys::pipe_capacity(sink.far.view()).value() >= limits::page_bytes);
        (void)source.far.close();
        CHECK_FALSE(mover.get().error);
    }
}

TEST_CASE("uncached: works where the file system can, and is replaced where it cannot") {
    const Policy bypass{ZeroCopy::automatic, Cache::bypass};
    for (const char* parent : {"/tmp", "/dev/shm"}) {
        if (!std::filesystem::is_directory(parent)) continue;
        const TempDir files{parent};
        const bool can = can_bypass_cache(files);
        const Pair source = with_file(files, "source", pattern(mib), O_RDONLY);
        const Pair sink = with_file(files, "sink", "", O_WRONLY);
        const auto report = move(source, sink, {bypass, {}, Waiting::in_kernel});
        INFO(parent << (can ? " can" : " cannot"));
        CHECK_FALSE(report.error);
        CHECK((content_of(sink.far.view()) == pattern(mib)));
        CHECK(report.method == (can ? Method::uncached : Method::copy));
        CHECK(report.demotions.size() == (can ? 0 : 1));
        struct statfs found {};
        REQUIRE(::statfs(parent, &found) == 0);
        constexpr auto tmpfs = 0x01021994;
        if (found.f_type == tmpfs) CHECK_FALSE(can);
    }
}
