#include "engine/memory_queue.hpp"

#include <utility>

namespace zc {

std::span<const std::byte> MemoryQueue::front() const {
    if (pieces_.empty()) return {};
    const Piece& piece = pieces_.front();
    return piece.block->bytes(piece.from, piece.to);
}

void MemoryQueue::push(Piece piece) {
    bytes_ += piece.to - piece.from;
    if (!pieces_.empty() && pieces_.back().block == piece.block && pieces_.back().to == piece.from)
        pieces_.back().to = piece.to;
    else
        pieces_.push_back(std::move(piece));
}

void MemoryQueue::push_front(Piece piece) {
    bytes_ += piece.to - piece.from;
    pieces_.push_front(std::move(piece));
}

void MemoryQueue::consumed(std::size_t bytes) {
    bytes_ -= bytes;
    Piece& piece = pieces_.front();
    piece.from += bytes;
    if (piece.from == piece.to) pieces_.pop_front();
}

void MemoryQueue::clear() {
    pieces_.clear();
    bytes_ = 0;
}

const std::shared_ptr<Block>& BlockSource::block_with_room() {
    if (block_ && block_.use_count() == 1) block_->clear();
    if (!block_ || block_->room().empty()) block_ = std::make_shared<Block>(block_bytes_);
    return block_;
}

}  // namespace zc
