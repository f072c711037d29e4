// A digest that is made beside the writing.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "digest/digest.hpp"

namespace zc {

// Owns    a copy of the bytes that it has not come to yet, 4 MiB at most, and a thread:
//         whoever moves bytes goes on meanwhile. An algorithm as fast as the copy is
//         done at once, without either.
class Hasher {
public:
    explicit Hasher(std::unique_ptr<Digest> digest);
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;
    ~Hasher();

    // Blocks   while the thread is 4 MiB behind.
    void update(std::span<const std::byte> bytes);
    // Order    last. Blocks until all is done.
    [[nodiscard]] std::string hex();

private:
    using Block = std::vector<std::byte>;
    void work();
    void end();

    std::unique_ptr<Digest> digest_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Block> waiting_;
    std::vector<Block> spare_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace zc
