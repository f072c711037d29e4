// epoll-relay <SOURCE >SINK: a transfer as a step machine in an event loop of the program's
// own, with plain epoll(7).
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zc/zc.hpp>

#include <array>
#include <cerrno>
#include <iostream>

namespace {

// Level-triggered, for as long as it is wanted. A file is always ready, and epoll(7)
// refuses it.
bool wait_for(int loop, const zc::Interest& wanted) {
    epoll_event event{};
    event.events = wanted.event == zc::Readiness::readable ? EPOLLIN : EPOLLOUT;
    const int fd = wanted.fd.number();
    if (::epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0) return errno == EPERM;
    std::array<epoll_event, 1> ready{};
    const int count = ::epoll_wait(loop, ready.data(), 1, -1);
    return ::epoll_ctl(loop, EPOLL_CTL_DEL, fd, nullptr) == 0 && count >= 0;
}

}  // namespace

int main() {
    const auto source = zc::look_at(zc::FdView(0), "source");
    const auto sink = zc::look_at(zc::FdView(1), "sink");
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    if (!source || !sink || loop < 0) return 1;
    zc::TransferOptions options;
    options.waiting = zc::Waiting::by_poll;  // advance() never sleeps
    zc::Transfer transfer(*source, *sink, options);
    while (transfer.advance().state != zc::Progress::State::finished)
        if (const auto wanted = transfer.wants(); wanted && !wait_for(loop, *wanted)) return 1;
    if (!transfer.report().error) return 0;
    std::cerr << "epoll-relay: " << zc::cause(*transfer.report().error) << '\n';
    return 1;
}
