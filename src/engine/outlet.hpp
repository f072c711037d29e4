// One sink of a fan-out: what it has, what is held for it, and what happens when it is slow.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/fanout_sink.hpp"
#include "engine/lease.hpp"
#include "engine/memory_queue.hpp"

namespace zc {

// Owns     a pipe and memory for what is held for the sink, and a non-blocking
//          description of a sink that blocks.
// Order    what it has been given reaches the sink in order, each byte once.
//          Its lead is how far that is ahead of the head, the oldest byte that
//          some sink has not been given.
class Outlet {
public:
    using Clock = std::chrono::steady_clock;

    Outlet(FanoutSink sink, const FdFacts& source, Policy policy);
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;

    [[nodiscard]] const SinkReport& report() const { return report_; }
    [[nodiscard]] const FanoutSink& sink() const { return given_; }
    [[nodiscard]] FdView fd() const { return route_.sink.fd; }
    [[nodiscard]] std::uint64_t calls() const { return route_.calls; }
    [[nodiscard]] bool living() const { return !report_.error; }
    [[nodiscard]] bool at_head() const { return living() && lead_ == 0; }
    [[nodiscard]] std::uint64_t lead() const { return lead_; }
    // Given to it and not yet taken by the sink.
    [[nodiscard]] std::size_t held() const { return own_.held() + queue_.size(); }

    // Whether tee(2) and splice(2) fit; else it is given memory.
    [[nodiscard]] bool splices() const {
        return method() == Method::carrier || method() == Method::reflink;
    }
    // Whether it may share a file's extents, while nobody can write that file.
    [[nodiscard]] bool reflinks() const { return method() == Method::reflink; }
    [[nodiscard]] bool holds_pages() const { return own_.carrier.size() != 0; }
    [[nodiscard]] bool is_work() const { return zc::is_work(given_); }
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] bool can_splice_now() const { return splices() && held() == 0 && !full_; }

    // What to do with the next bytes while it cannot splice them now.
    enum class Offer : std::uint8_t { wait, hold, skip };
    [[nodiscard]] Offer offer() const;

    // Each answers how many bytes it was given; 0 when it is full or has been demoted.
    //
    // Order    tee_from while it can_splice_now() adds to its lead; move_from
    //          takes the bytes from the head, at most `most`, and its lead stays.
    // Errors   Side::sink: it is to be lost. Side::source: a page in the head has
    //          lost its content.
    [[nodiscard]] Result<std::size_t> tee_from(Carrier& head);
    [[nodiscard]] Result<std::size_t> move_from(Carrier& head, std::size_t most);
    // These bytes of the file at its head, which nobody can write now; adds to its lead.
    [[nodiscard]] std::size_t reflink_from(FdView file, std::uint64_t at, std::size_t bytes);
    // Adds to its lead.
    void hold(Piece piece);
    void skip(std::uint64_t bytes, bool counts = true);

    // Writes of what is held until nothing is, or it is full.
    //
    // Returns  whether the sink took anything.
    [[nodiscard]] Result<bool> drain();

    // It will be given a file's pages, or, where it does not tell how many it has, copies.
    void follow(AliasGuard& guard);
    // It holds pages of a file that is about to be written: copies them.
    //
    // Errors   Side::source: one has lost its content.
    [[nodiscard]] Result<void> unshare();
    void demote(const Error& reason);

    void head_moved(std::uint64_t bytes) { lead_ -= bytes; }
    void begin_chunk() { given_of_chunk_ = 0; }
    void try_again() { full_ = false; }
    void grow();
    void lose(const Error& error);
    void drop_held();
    void miss_held();
    void close();

    // When it is lost unless it takes something before; for ever for Slow::block.
    [[nodiscard]] std::optional<Clock::time_point> deadline(bool at_end) const;
    [[nodiscard]] Error too_slow() const;
    // Whether its reader is known to have left.
    [[nodiscard]] bool left() const;

private:
    [[nodiscard]] Result<Step> step();
    [[nodiscard]] Result<std::size_t> taken(const Result<Step>& step, std::uint64_t before,
                                            Method method);
    [[nodiscard]] Method method() const { return plan_.methods[at_]; }
    void now_full();
    void pages_given();

    FanoutSink given_;
    Workspace own_;
    MemoryQueue queue_;
    Fd own_sink_;
    Route route_;
    Plan plan_;
    std::size_t at_ = 0;  // the plan's method in use
    PageTrail* trail_ = nullptr;
    SinkReport report_;
    std::uint64_t lead_ = 0;
    std::uint64_t given_of_chunk_ = 0;
    bool full_ = false;
    std::optional<Clock::time_point> full_since_;
};

}  // namespace zc
