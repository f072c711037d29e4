// Calls that may take long (looking up a name, connecting, waiting for a child)
// run off the event loop, one thread each, and come back as a value.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "kernel/fd.hpp"
#include "kernel/sys_event.hpp"

namespace zc {

// Takes    T: what an errand brings back; moved, never copied.
// Owns     a bell, an eventfd that is readable when something has come back.
// Blocks   never: at the end, errands under way are left behind and what they
//          bring is thrown away.
template <class T>
class Errands {
public:
    [[nodiscard]] static Result<Errands> create() {
        return sys::make_eventfd().map([](Fd bell) {
            Errands errands;
            errands.box_->bell = std::move(bell);
            return errands;
        });
    }

    [[nodiscard]] FdView bell() const { return box_->bell.view(); }

    // Runs `errand` in a thread of its own; `id` comes back with its answer.
    void run(std::uint64_t id, std::function<T()> errand) {
        std::thread([box = box_, id, errand = std::move(errand)] {
            T answer = errand();
            const std::lock_guard lock(box->mutex);
            box->done.emplace_back(id, std::move(answer));
            sys::ring(box->bell.view());
        }).detach();
    }

    [[nodiscard]] std::vector<std::pair<std::uint64_t, T>> take() {
        const std::lock_guard lock(box_->mutex);
        sys::silence(box_->bell.view());
        return std::exchange(box_->done, {});
    }

private:
    struct Box {
        std::mutex mutex;
        std::vector<std::pair<std::uint64_t, T>> done;
        Fd bell;
    };
    Errands() : box_(std::make_shared<Box>()) {}
    std::shared_ptr<Box> box_;
};

}  // namespace zc
