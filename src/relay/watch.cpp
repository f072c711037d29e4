#include "relay/watch.hpp"

#include "kernel/sys_file.hpp"

namespace zc {

Result<Watch> Watch::create() {
    auto epoll = sys::make_epoll();
    if (!epoll) return failure(epoll.error());
    return Watch(std::move(*epoll));
}

Result<void> Watch::add(FdView fd, std::uint64_t token) {
    const auto added = sys::epoll_add(epoll_.view(), fd, token);
    if (!added) return failure(added.error());
    if (*added != sys::Added::known_already) return {};
    auto duplicate = sys::duplicate(fd, 3);
    if (!duplicate) return failure(duplicate.error());
    const auto again = sys::epoll_add(epoll_.view(), duplicate->view(), token);
    if (!again) return failure(again.error());
    duplicates_.emplace(token, std::move(*duplicate));
    return {};
}

std::span<const sys::Event> Watch::wait(std::optional<std::chrono::milliseconds> limit) {
    const auto count = sys::epoll_wait(epoll_.view(), told_, limit);
    return std::span(told_).first(count.value_or(0));
}

}  // namespace zc
