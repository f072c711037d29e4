#include "relay/carriers.hpp"

#include <utility>

#include "kernel/limits.hpp"

namespace zc {

bool PipeBudget::take(std::size_t bytes) {
    std::size_t left = left_.load();
    do {
        if (left < bytes) return false;
    } while (!left_.compare_exchange_weak(left, left - bytes));
    if (taken_ != nullptr) *taken_ += bytes;
    return true;
}

CarrierPool::~CarrierPool() { clear(); }

void CarrierPool::clear() {
    for (const PrivatePipe& pipe : idle_) budget_->give_back(pipe.capacity());
    idle_.clear();
}

std::optional<PrivatePipe> CarrierPool::take() {
    if (!idle_.empty()) {
        PrivatePipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    if (!budget_->take(limits::first_carrier_bytes)) return std::nullopt;
    auto made = PrivatePipe::create(limits::first_carrier_bytes);
    // Kernel: over the user's quota a pipe has two pages and is slower than a copy.
    // Test: "relay: an ordinary user's pipe quota used up".
    if (!made || made->capacity() < limits::first_carrier_bytes) {
        budget_->give_back(limits::first_carrier_bytes);
        return std::nullopt;
    }
    return std::move(*made);
}

bool CarrierPool::can_lend() const {
    return !idle_.empty() || budget_->has(limits::first_carrier_bytes);
}

void CarrierPool::give_back(PrivatePipe pipe) {
    if (idle_.size() == limits::idle_carriers)
        lost(pipe.capacity());
    else
        idle_.push_back(std::move(pipe));
}

void CarrierPool::grow(PrivatePipe& pipe) {
    const std::size_t before = pipe.capacity();
    if (before >= limits::pipe_bytes) return;
    const std::size_t more = limits::pipe_bytes - before;
    if (!budget_->take(more)) return;
    if (!pipe.set_capacity(limits::pipe_bytes)) budget_->give_back(more);
}

}  // namespace zc
