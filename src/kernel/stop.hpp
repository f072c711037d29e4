// Ends calls of the library that wait, from another thread.
#pragma once

#include <memory>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// What a StopSource is asked through; cheap to copy, and may outlive it.
class StopToken {
public:
    StopToken() = default;  // never asks to stop

    [[nodiscard]] bool possible() const { return state_ != nullptr; }
    [[nodiscard]] bool requested() const;
    // Polls readable once a stop has been asked for.
    [[nodiscard]] FdView descriptor() const;

private:
    friend class StopSource;
    struct State;
    explicit StopToken(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

// Owns    an eventfd(2), together with its tokens.
class StopSource {
public:
    // Errors   EMFILE, ENFILE, ENOMEM of eventfd(2).
    [[nodiscard]] static Result<StopSource> create();

    // From any thread, and more than once: whoever waits with a token of this source
    // returns with Errc::stopped.
    void request_stop();
    [[nodiscard]] bool requested() const { return token_.requested(); }
    [[nodiscard]] const StopToken& token() const { return token_; }

private:
    explicit StopSource(StopToken token) : token_(std::move(token)) {}
    StopToken token_;
};

}  // namespace zc
