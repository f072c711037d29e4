#include "digest/hasher.hpp"

#include <algorithm>
#include <utility>

namespace zc {
namespace {

// A block is worth waking somebody for; sixteen cover an uneven writer.
constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::size_t most_blocks = 16;

}  // namespace

Hasher::Hasher(std::unique_ptr<Digest> digest) : digest_(std::move(digest)) {
    if (digest_->is_slow()) thread_ = std::thread([this] { work(); });
}

Hasher::~Hasher() { end(); }

void Hasher::update(std::span<const std::byte> bytes) {
    if (!thread_.joinable()) return digest_->update(bytes);
    std::unique_lock lock(mutex_);
    while (!bytes.empty()) {
        changed_.wait(lock, [this] { return waiting_.size() < most_blocks; });
        // What waits is filled up first: many small pieces are few blocks.
        const bool fits =
            !waiting_.empty() && waiting_.back().size() < block_bytes && waiting_.size() > 1;
        if (!fits) {
            waiting_.emplace_back(spare_.empty() ? Block() : std::move(spare_.back()));
            if (!spare_.empty()) spare_.pop_back();
            waiting_.back().clear();
            waiting_.back().reserve(block_bytes);
        }
        Block& block = waiting_.back();
        const auto piece = bytes.first(std::min(bytes.size(), block_bytes - block.size()));
        block.insert(block.end(), piece.begin(), piece.end());
        bytes = bytes.subspan(piece.size());
        changed_.notify_all();
    }
}

void Hasher::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
        if (waiting_.empty()) return;
        Block block = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        lock.unlock();
        digest_->update(block);
        lock.lock();
        spare_.push_back(std::move(block));
    }
}

void Hasher::end() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

std::string Hasher::hex() {
    end();
    return digest_->hex();
}

}  // namespace zc
