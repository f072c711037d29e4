// What a mover keeps between two calls: the bytes in flight, and room for them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "kernel/private_pipe.hpp"

namespace zc {

// A page-aligned run of memory with unread bytes at its front; made on first use.
class Buffer {
public:
    [[nodiscard]] std::span<const std::byte> unread() const {
        return {memory_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }

    // Room for new bytes. Order: only while size() is 0.
    [[nodiscard]] std::span<std::byte> room();
    void filled(std::size_t bytes) { end_ = begin_ + bytes; }
    void consumed(std::size_t bytes) { begin_ += bytes; }
    void clear() { begin_ = end_ = 0; }

    // Takes a copy of bytes that were read elsewhere. Order: only while size() is 0.
    void hold(std::span<const std::byte> bytes);

    // What the last filled() or hold() put there, read or not.
    [[nodiscard]] std::span<const std::byte> loaded() const { return {memory_.get(), end_}; }

    // Makes unread again what was filled(), from its byte number `from` on.
    void reread(std::size_t from) { begin_ = from; }

    // Makes room() at least this large. Order: only while size() is 0.
    void reserve(std::size_t bytes);

private:
    struct Free {
        void operator()(std::byte* memory) const;
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// The private pipe between a source and a sink; made on first use, then kept.
//
// Kernel   `bytes` is our own count and exact: splice's short returns add up.
class Carrier {
public:
    // Errors  those of PrivatePipe::create.
    [[nodiscard]] Result<PrivatePipe*> pipe();
    [[nodiscard]] bool exists() const { return pipe_.has_value(); }
    [[nodiscard]] std::size_t size() const { return bytes_; }
    void filled(std::size_t bytes) { bytes_ += bytes; }
    void consumed(std::size_t bytes) { bytes_ -= bytes; }

    // Throws the bytes away, and the pipe with them.
    void discard();

    // Use an empty pipe of somebody else's instead of making one, and give it back.
    // Order: only while size() is 0.
    void lend(PrivatePipe pipe) { pipe_.emplace(std::move(pipe)); }
    [[nodiscard]] std::optional<PrivatePipe> give_back() {
        return std::exchange(pipe_, std::nullopt);
    }

private:
    std::optional<PrivatePipe> pipe_;
    std::size_t bytes_ = 0;
};

// The bytes that were taken from a source and are not yet delivered.
//
// Order   bytes in the buffer are older than bytes in the carrier, and those
//         are older than bytes in the source; whoever delivers, delivers in
//         that order. This makes it safe to change the method at any step.
struct Workspace {
    Buffer buffer;
    Carrier carrier;

    [[nodiscard]] std::size_t held() const { return buffer.size() + carrier.size(); }
    void discard();  // forgets the bytes in flight after a failure
};

}  // namespace zc
