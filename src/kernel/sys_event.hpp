// The seam, second part: being told when something happens. See sys.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc::sys {

Result<Fd> make_epoll();

enum class Added : std::uint8_t {
    yes,
    always_ready,  // regular files, /dev/null (EPERM)
    known_already  // this descriptor has a token (EEXIST)
};

// What has changed at a descriptor.
struct Event {
    std::uint64_t token = 0;
    bool readable = false;
    bool writable = false;
    // Its peer has ended or failed, or sends urgent data: reading goes on until it says EAGAIN.
    bool look_closely = false;
    bool hung_up = false;  // both ways are over, or it has failed
};

// Subscribes to every edge of input, output and hang-up, once and for all.
Result<Added> epoll_add(FdView epoll, FdView fd, std::uint64_t token);

// Waits for events, at most `limit`, for ever without one. Returns how many were written.
Result<std::size_t> epoll_wait(FdView epoll, std::span<Event> events,
                               std::optional<std::chrono::milliseconds> limit);

Result<Fd> make_eventfd();  // non-blocking
void ring(FdView eventfd);
void silence(FdView eventfd);

// Blocks `signals` in this thread and all it starts, and gives a non-blocking
// descriptor on which they arrive.
Result<Fd> take_signals(std::span<const int> signals);
std::optional<int> next_signal(FdView signals);

}  // namespace zc::sys
