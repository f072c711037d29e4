// epoll, eventfd and signalfd, as Linux has them. See sys_call.hpp for errno.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "kernel/sys_call.hpp"
#include "kernel/sys_event.hpp"

namespace zc::sys {
namespace {

Result<Fd> adopted(const char* operation, int number) {
    if (number < 0) return failure(Error::system(operation, errno));
    return Fd(number);
}

}  // namespace

Result<Fd> make_epoll() { return adopted("epoll_create1", ::epoll_create1(EPOLL_CLOEXEC)); }

Result<Added> epoll_add(FdView epoll, FdView fd, std::uint64_t token) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = token;
    const auto added = done("epoll_ctl", [&] {
        return ::epoll_ctl(epoll.number(), EPOLL_CTL_ADD, fd.number(), &event);
    });
    if (added) return Added::yes;
    if (added.error().code == EPERM) return Added::always_ready;
    if (added.error().code == EEXIST) return Added::known_already;
    return failure(added.error());
}

Result<std::size_t> epoll_wait(FdView epoll, std::span<Event> events,
                               std::optional<std::chrono::milliseconds> limit) {
    std::array<epoll_event, 64> told{};
    const int most = static_cast<int>(std::min(events.size(), told.size()));
    constexpr std::chrono::milliseconds longest{2'000'000'000};
    const int timeout = limit ? static_cast<int>(std::min(*limit, longest).count()) : -1;
    auto count = counted("epoll_wait",
                         [&] { return ::epoll_wait(epoll.number(), told.data(), most, timeout); });
    if (!count) return count;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto has = [bits = told[i].events](unsigned which) { return (bits & which) != 0; };
        events[i] =
            Event{told[i].data.u64, has(EPOLLIN), has(EPOLLOUT),
                  has(EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR), has(EPOLLHUP | EPOLLERR)};
    }
    return count;
}

Result<Fd> make_eventfd() { return adopted("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void ring(FdView eventfd) { (void)::eventfd_write(eventfd.number(), 1); }

void silence(FdView eventfd) {
    eventfd_t ignored = 0;
    (void)::eventfd_read(eventfd.number(), &ignored);
}

Result<Fd> take_signals(std::span<const int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    const int code = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    if (code != 0) return failure(Error::system("pthread_sigmask", code));
    return adopted("signalfd", ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::optional<int> next_signal(FdView signals) {
    signalfd_siginfo told{};
    if (::read(signals.number(), &told, sizeof told) != sizeof told) return std::nullopt;
    return static_cast<int>(told.ssi_signo);
}

}  // namespace zc::sys
