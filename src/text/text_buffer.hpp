// Formatted text on its way to a sink: one run of memory that is used again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace zc {

// Owns  memory that only grows and is never initialised: a page that no text
//       has reached costs nothing.
class TextBuffer {
public:
    [[nodiscard]] std::span<const std::byte> unread() const { return {memory_.get(), size_}; }
    void clear() { size_ = 0; }

    // Takes    the most bytes that the caller may write behind the text.
    // Returns  where to write them; valid until the next call.
    // Order    what was written counts as text once filled_to() says so.
    [[nodiscard]] std::byte* room(std::size_t bytes) {
        if (capacity_ - size_ < bytes) grow(bytes);
        return memory_.get() + size_;
    }
    void filled_to(const std::byte* end) { size_ = static_cast<std::size_t>(end - memory_.get()); }

private:
    void grow(std::size_t bytes) {
        const std::size_t capacity = std::max(size_ + bytes, 2 * capacity_);
        auto memory = std::make_unique_for_overwrite<std::byte[]>(capacity);
        if (size_ != 0) std::memcpy(memory.get(), memory_.get(), size_);
        memory_ = std::move(memory);
        capacity_ = capacity;
    }

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

}  // namespace zc
