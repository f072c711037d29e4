#include "engine/workspace.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "kernel/limits.hpp"

namespace zc {

void Buffer::Free::operator()(std::byte* memory) const { std::free(memory); }

std::span<std::byte> Buffer::room() {
    reserve(limits::buffer_bytes);
    clear();
    return {memory_.get(), capacity_};
}

void Buffer::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    const std::size_t pages = (bytes + limits::page_bytes - 1) / limits::page_bytes;
    void* memory = std::aligned_alloc(limits::page_bytes, pages * limits::page_bytes);
    if (memory == nullptr) throw std::bad_alloc();
    memory_.reset(static_cast<std::byte*>(memory));
    capacity_ = pages * limits::page_bytes;
    clear();
}

void Buffer::hold(std::span<const std::byte> bytes) {
    reserve(bytes.size());
    std::copy(bytes.begin(), bytes.end(), memory_.get());
    begin_ = 0;
    end_ = bytes.size();
}

Result<PrivatePipe*> Carrier::pipe() {
    if (!pipe_) {
        auto made = PrivatePipe::create(limits::pipe_bytes);
        if (!made) return failure(made.error());
        pipe_.emplace(std::move(*made));
    }
    return &*pipe_;
}

void Carrier::discard() {
    pipe_.reset();
    bytes_ = 0;
}

void Workspace::discard() {
    buffer.clear();
    if (carrier.size() != 0) carrier.discard();
}

}  // namespace zc
