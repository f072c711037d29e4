// Bytes in memory that several sinks have still to get, each from a place of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>

namespace zc {

// A run of memory that is filled from its front, once, and shared by those who
// read it; what has been filled does not change while anybody holds it.
class Block {
public:
    explicit Block(std::size_t bytes)
        : memory_(std::make_unique_for_overwrite<std::byte[]>(bytes)), capacity_(bytes) {}

    [[nodiscard]] std::span<std::byte> room() {
        return {memory_.get() + filled_, capacity_ - filled_};
    }
    [[nodiscard]] std::span<const std::byte> bytes(std::size_t from, std::size_t to) const {
        return {memory_.get() + from, to - from};
    }
    [[nodiscard]] std::size_t size() const { return filled_; }
    void filled(std::size_t bytes) { filled_ += bytes; }
    void clear() { filled_ = 0; }

private:
    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_;
    std::size_t filled_ = 0;
};

// A part of a block.
struct Piece {
    std::shared_ptr<const Block> block;
    std::size_t from = 0;
    std::size_t to = 0;
};

// What one sink has still to get of them, in order.
class MemoryQueue {
public:
    [[nodiscard]] std::size_t size() const { return bytes_; }
    // The oldest bytes that lie in one piece; empty when there are none.
    [[nodiscard]] std::span<const std::byte> front() const;
    void push(Piece piece);
    // Bytes that are older than all others.
    void push_front(Piece piece);
    // Order    at most front().size() bytes.
    void consumed(std::size_t bytes);
    void clear();

private:
    std::deque<Piece> pieces_;
    std::size_t bytes_ = 0;
};

// Blocks for a mover that fills one after another: the memory of one that nobody
// holds any more is used again.
class BlockSource {
public:
    explicit BlockSource(std::size_t block_bytes) : block_bytes_(block_bytes) {}

    // Returns  a block with room at its end.
    // Errors   std::bad_alloc.
    [[nodiscard]] const std::shared_ptr<Block>& block_with_room();

private:
    std::size_t block_bytes_;
    std::shared_ptr<Block> block_;
};

}  // namespace zc
