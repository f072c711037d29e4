#include "engine/crew.hpp"

#include <system_error>
#include <utility>

namespace zc {

Crew::~Crew() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    begun_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
}

void Crew::hire(std::size_t helpers) {
    while (helpers_.size() < helpers && helpers_.size() + 1 < threads_) {
        try {
            helpers_.emplace_back([this] { help(); });
        } catch (const std::system_error&) {
            // The caller does it with those there are.
            threads_ = static_cast<unsigned>(helpers_.size()) + 1;
        }
    }
}

void Crew::work_along(std::unique_lock<std::mutex>& lock) {
    while (next_ < count_) {
        const std::size_t mine = next_++;
        lock.unlock();
        std::exception_ptr thrown;
        try {
            (*work_)(mine);
        } catch (...) {
            thrown = std::current_exception();
        }
        lock.lock();
        if (thrown) thrown_ = thrown;
        if (--unfinished_ == 0) done_.notify_one();
    }
}

void Crew::help() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
        work_along(lock);
        begun_.wait(lock, [this] { return ends_ || next_ < count_; });
    }
}

void Crew::run(std::size_t count, const std::function<void(std::size_t)>& work) {
    if (count > 1) hire(count - 1);
    std::unique_lock lock(mutex_);
    work_ = &work;
    next_ = 0;
    count_ = unfinished_ = count;
    if (count > 1) begun_.notify_all();
    work_along(lock);
    done_.wait(lock, [this] { return unfinished_ == 0; });
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

}  // namespace zc
