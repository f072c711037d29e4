// What reaches an event loop from other threads: calls that may take long (looking
// up a name, opening a FIFO) run in a thread each and come back as a value, and
// other loops send theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "kernel/fd.hpp"
#include "kernel/sys_event.hpp"

namespace zc {

// Takes    T: what comes; moved, never copied.
// Owns     a bell, an eventfd that is readable when something has come.
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

    // Runs `errand` in a thread of its own; its answer comes.
    //
    // Errors   EAGAIN: the user or the service may have no more threads. Nothing comes.
    [[nodiscard]] Result<void> run(std::function<T()> errand) {
        try {
            std::thread([box = box_, errand = std::move(errand)] { box->put(errand()); }).detach();
        } catch (const std::system_error& refused) {
            return failure(Error::system("clone", refused.code().value()));
        }
        return {};
    }

    // Called by any thread.
    void post(T mail) { box_->put(std::move(mail)); }

    [[nodiscard]] std::vector<T> take() {
        const std::lock_guard lock(box_->mutex);
        sys::silence(box_->bell.view());
        return std::exchange(box_->come, {});
    }

private:
    struct Box {
        void put(T mail) {
            const std::lock_guard lock(mutex);
            come.push_back(std::move(mail));
            if (come.size() == 1) sys::ring(bell.view());
        }
        std::mutex mutex;
        std::vector<T> come;
        Fd bell;
    };
    Errands() : box_(std::make_shared<Box>()) {}
    std::shared_ptr<Box> box_;
};

}  // namespace zc
