// The pipes of an event loop, lent to whoever has bulk to move.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/private_pipe.hpp"

namespace zc {

// How much memory the carriers of all loops may have together; for any thread.
class PipeBudget {
public:
    // Takes    where to count what has been taken, for others to see; or nothing.
    explicit PipeBudget(std::size_t bytes, std::atomic<std::uint64_t>* taken = nullptr)
        : left_(bytes), taken_(taken) {}
    // False when that much is not left.
    [[nodiscard]] bool take(std::size_t bytes);
    [[nodiscard]] bool has(std::size_t bytes) const { return left_ >= bytes; }
    void give_back(std::size_t bytes) {
        left_ += bytes;
        if (taken_ != nullptr) *taken_ -= bytes;
    }

private:
    std::atomic<std::size_t> left_;
    std::atomic<std::uint64_t>* taken_;
};

// Takes    a budget that outlives it.
// Owns     the pipes that nobody has; those that are lent are their borrower's.
// Order    a pipe comes back empty or not at all: what is in a pipe is somebody's.
class CarrierPool {
public:
    explicit CarrierPool(PipeBudget& budget) : budget_(&budget) {}
    CarrierPool(const CarrierPool&) = delete;
    CarrierPool& operator=(const CarrierPool&) = delete;
    ~CarrierPool();

    // An empty pipe, 64 KiB or more; nothing when the budget or the descriptors are
    // used up: then bytes are copied.
    [[nodiscard]] std::optional<PrivatePipe> take();
    // Whether it is worth asking; another loop may still be quicker.
    [[nodiscard]] bool can_lend() const;
    void give_back(PrivatePipe pipe);
    // Closes those that nobody has.
    void clear();
    // Of pipes that are made elsewhere; false when there is not that much left.
    [[nodiscard]] bool reserve(std::size_t bytes) { return budget_->take(bytes); }
    // The borrower has closed it, or needs what was reserved no more.
    void lost(std::size_t capacity_bytes) { budget_->give_back(capacity_bytes); }

    // Makes it 1 MiB, if it is not and the budget and the kernel allow.
    void grow(PrivatePipe& pipe);

private:
    PipeBudget* budget_;
    std::vector<PrivatePipe> idle_;
};

}  // namespace zc
