#include "kernel/fanout_rig.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

namespace zc::test {
namespace {

const bool without_sigpipe = ::signal(SIGPIPE, SIG_IGN) != SIG_ERR;

std::string make_text() {
    std::string text(8 * 1024 * 1024, '\0');
    std::mt19937 random(1);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const auto word = static_cast<std::uint32_t>(random());
        text.replace(i, 4, reinterpret_cast<const char*>(&word), 4);
    }
    return text;
}

std::filesystem::path new_name(const TempDir& files) {
    static int count = 0;
    return files / std::to_string(count++).c_str();
}

Pair pair_of(From kind) {
    switch (kind) {
        case From::unix_socket: return unix_pair(SOCK_STREAM);
        case From::tcp: return tcp_pair();
        case From::pty: return pty_pair();
        default: return pipe_to_read();
    }
}

std::string read_as(FdView fd, const Habit& habit) {
    std::string all;
    std::vector<char> part(habit.piece);
    const std::size_t most = habit.leaves_after.value_or(~std::size_t{0});
    while (all.size() < most) {
        const auto got = ::read(fd.number(), part.data(), std::min(part.size(), most - all.size()));
        if (got <= 0) break;
        all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
}

}  // namespace

std::string_view text_of(std::size_t bytes) {
    static const std::string text = make_text();
    return std::string_view(text).substr(0, bytes);
}

const char* name_of(From kind) {
    constexpr std::array names{"pipe", "UNIX socket", "TCP socket", "file", "pty"};
    return names[static_cast<std::size_t>(kind)];
}

const char* name_of(To kind) {
    constexpr std::array names{"pipe",        "file",      "append file", "TCP socket",
                               "UNIX socket", "/dev/null", "/dev/full"};
    return names[static_cast<std::size_t>(kind)];
}

Inlet::Inlet(From kind, std::string_view text, const TempDir& files) {
    if (kind == From::file) {
        near_ = open_file(files.file(new_name(files).filename().c_str(), text), O_RDONLY);
        return;
    }
    Pair pair = pair_of(kind);
    near_ = std::move(pair.near);
    // Closing a terminal's master would throw away what its slave has not read.
    if (kind == From::pty) far_ = std::move(pair.far);
    const FdView to = kind == From::pty ? far_.view() : pair.far.view();
    feeder_ = std::thread([text, to, far = std::move(pair.far)]() mutable {
        test::write_all(to, text);
        (void)far.close();
    });
}

Inlet::~Inlet() {
    (void)near_.close();
    if (feeder_.joinable()) feeder_.join();
}

Outlet::Outlet(To kind, const TempDir& files, Habit habit) : kind_(kind) {
    Pair pair;
    switch (kind) {
        case To::pipe: pair = pipe_to_write(); break;
        case To::tcp: pair = tcp_pair(); break;
        case To::unix_socket: pair = unix_pair(SOCK_STREAM); break;
        case To::null: near_ = open_file("/dev/null", O_WRONLY); return;
        case To::full: near_ = open_file("/dev/full", O_WRONLY); return;
        case To::file:
        case To::append:
            file_ = new_name(files);
            near_ = open_file(file_, O_WRONLY | O_CREAT | (kind == To::append ? O_APPEND : 0));
            return;
    }
    near_ = std::move(pair.near);
    // As an address opens it; a UNIX socket stays as one that was inherited.
    if (kind == To::tcp) set_nonblocking(near_.view());
    if (habit.leaves_after == std::size_t{0}) return;
    reader_ = std::thread([this, habit = std::move(habit), far = std::move(pair.far)]() mutable {
        got_ = read_as(far.view(), habit);
        (void)far.close();
    });
}

Outlet::~Outlet() {
    (void)near_.close();
    if (reader_.joinable()) reader_.join();
}

std::string Outlet::got() {
    (void)near_.close();
    if (reader_.joinable()) reader_.join();
    return file_.empty() ? got_ : read_all(open_file(file_, O_RDONLY).view());
}

Outlets make_outlets(const std::vector<To>& kinds, const TempDir& files) {
    Outlets outlets;
    for (const To kind : kinds) outlets.push_back(std::make_unique<Outlet>(kind, files));
    return outlets;
}

std::vector<FanoutSink> sinks_of(const Outlets& outlets) {
    std::vector<FanoutSink> sinks;
    for (const auto& outlet : outlets) sinks.push_back(FanoutSink{outlet->end()});
    return sinks;
}

}  // namespace zc::test
