// Who is told when a descriptor changes: epoll, every edge, for a token.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "kernel/fd.hpp"
#include "kernel/sys_event.hpp"

namespace zc {

class Watch {
public:
    // Errors  EMFILE, ENFILE, ENOMEM.
    [[nodiscard]] static Result<Watch> create();

    // From now on edges of `fd` are told as `token`.
    //
    // Returns  success also for what is always ready (files): it is never waited for.
    // Owns     a duplicate where `fd` is watched for another token already, as the
    //          standard streams of a relay with `fork` are.
    // Errors   ENOSPC, ENOMEM of epoll_ctl(2), EMFILE.
    [[nodiscard]] Result<void> add(FdView fd, std::uint64_t token);

    // Nothing is told as `token` any more; closing a descriptor does the same for it.
    void forget(std::uint64_t token) { duplicates_.erase(token); }

    // Waits, at most `limit`, for ever without one.
    //
    // Returns  what has changed; a token possibly more than once.
    [[nodiscard]] std::span<const sys::Event> wait(std::optional<std::chrono::milliseconds> limit);

private:
    explicit Watch(Fd epoll) : epoll_(std::move(epoll)) {}

    Fd epoll_;
    std::unordered_multimap<std::uint64_t, Fd> duplicates_;
    std::array<sys::Event, 64> told_{};
};

}  // namespace zc
