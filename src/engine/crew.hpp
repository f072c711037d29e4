// Threads that help the caller with several pieces of work at once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace zc {

// Owns    its threads, made when they are first needed; with the signal mask of
//         whoever needed them.
class Crew {
public:
    // Takes   how many work at most, the caller among them.
    explicit Crew(unsigned threads) : threads_(threads) {}
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();

    // Whether there is anybody but the caller.
    [[nodiscard]] bool helps() const { return threads_ > 1; }

    // Calls work(0) to work(count - 1), each once, on any of the threads.
    //
    // Errors   what one of the calls has thrown; the others are made nevertheless.
    //          Without another thread, the caller does it all.
    // Blocks   until all have returned.
    void run(std::size_t count, const std::function<void(std::size_t)>& work);

private:
    void hire(std::size_t helpers);
    void help();
    void work_along(std::unique_lock<std::mutex>& lock);

    unsigned threads_;
    std::vector<std::thread> helpers_;
    std::mutex mutex_;  // of all that follows
    std::condition_variable begun_;
    std::condition_variable done_;
    const std::function<void(std::size_t)>* work_ = nullptr;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::size_t unfinished_ = 0;
    std::exception_ptr thrown_;
    bool ends_ = false;
};

}  // namespace zc
