#include "kernel/private_pipe.hpp"

#include "kernel/limits.hpp"
#include "kernel/sys.hpp"

namespace zc {

std::size_t grow_pipe(FdView pipe, std::size_t wanted_bytes) {
    const auto now = sys::pipe_capacity(pipe);
    if (!now) return 0;
    // Kernel: over pipe-max-size, or over the user's soft quota, the answer is
    // EPERM and nothing changes; a smaller wish may still be granted.
    // Test: "pipe: the wish is halved until the quota grants it".
    for (std::size_t wish = wanted_bytes; wish > *now; wish /= 2)
        if (const auto granted = sys::set_pipe_capacity(pipe, wish)) return *granted;
    return *now;
}

Result<PrivatePipe> PrivatePipe::create(std::size_t wanted_bytes) {
    auto ends = sys::make_pipe();
    if (!ends) return failure(ends.error());
    const std::size_t capacity = grow_pipe(ends->write_end.view(), wanted_bytes);
    return PrivatePipe(std::move(ends->read_end), std::move(ends->write_end),
                       capacity != 0 ? capacity : limits::page_bytes);
}

Result<std::size_t> PrivatePipe::set_capacity(std::size_t bytes) {
    auto granted = sys::set_pipe_capacity(write_end(), bytes);
    if (granted) capacity_ = *granted;
    return granted;
}

Result<std::size_t> PrivatePipe::fill() const { return sys::unread_bytes(read_end()); }

}  // namespace zc
