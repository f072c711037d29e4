// A file is gone through in windows. What is cached is looked at well before it is
// read, because the kernel reads ahead, too; a window that is written is pushed
// out when it is full, and dropped, once it is on the disk, when the next one is full.
#include "engine/drop_behind.hpp"

#include <algorithm>
#include <vector>

#include "kernel/limits.hpp"
#include "kernel/sys_cache.hpp"

namespace zc {

std::uint64_t DropBehind::page_of(std::uint64_t offset) const {
    return offset / limits::page_bytes * limits::page_bytes;
}

DropBehind::DropBehind(const Endpoint& file, Side use) : file_(file.fd), use_(use) {
    const auto now = classify(file_);
    old_end_ = now ? now->size_bytes : file.facts.size_bytes;
    at_ = file.facts.append == Append::yes ? old_end_ : sys::offset(file_).value_or(0);
    dropped_ = pushed_ = page_of(at_);
    look(at_ + limits::look_ahead_bytes);
}

// What cannot be asked counts as cached, unless it is new.
void DropBehind::look(std::uint64_t until) {
    const std::uint64_t from = dropped_ + hot_.size() * limits::page_bytes;
    if (until <= from) return;
    const std::size_t pages = (until - from + limits::page_bytes - 1) / limits::page_bytes;
    std::vector<std::byte> cached(pages);
    const bool told = sys::cached_pages(file_, from, cached).has_value();
    for (std::size_t i = 0; i < pages; ++i) {
        const bool is_new = from + i * limits::page_bytes >= old_end_;
        hot_.push_back(!is_new && (!told || cached[i] != std::byte{0}));
    }
}

void DropBehind::passed(std::uint64_t bytes) {
    if (bytes >= limits::look_ahead_bytes) return jumped(bytes);
    at_ += bytes;
    while (at_ - pushed_ >= limits::drop_window_bytes) {
        const std::uint64_t full = pushed_;
        pushed_ += limits::drop_window_bytes;
        if (use_ == Side::sink)
            (void)sys::write_back(file_, full, limits::drop_window_bytes, sys::Sleep::never);
        drop(use_ == Side::sink ? full : pushed_);
        look(at_ + limits::look_ahead_bytes);
    }
}

// Over a hole: farther than the kernel reads ahead, and of its pages none is remembered.
void DropBehind::jumped(std::uint64_t bytes) {
    drop(at_);
    at_ += bytes;
    dropped_ = pushed_ = page_of(at_);
    hot_.clear();
    look(at_ + limits::look_ahead_bytes);
}

void DropBehind::drop(std::uint64_t until) {
    if (until > dropped_ && use_ == Side::sink)
        (void)sys::write_back(file_, dropped_, until - dropped_, sys::Sleep::allowed);
    while (dropped_ < until) {
        const auto last = std::find(hot_.begin(), hot_.end(), !hot_.front());
        const std::uint64_t end = std::min<std::uint64_t>(
            until, dropped_ + static_cast<std::uint64_t>(last - hot_.begin()) * limits::page_bytes);
        if (!hot_.front()) (void)sys::drop_cached(file_, dropped_, end - dropped_);
        const std::uint64_t pages = (end - dropped_ + limits::page_bytes - 1) / limits::page_bytes;
        hot_.erase(hot_.begin(), hot_.begin() + static_cast<std::ptrdiff_t>(pages));
        dropped_ = page_of(end + limits::page_bytes - 1);
    }
}

void DropBehind::end() { drop(at_); }

}  // namespace zc
