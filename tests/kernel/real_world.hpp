// The battery's world over Linux: what cannot be provoked here says so.
#pragma once

#include "battery.hpp"
#include "kernel/ends.hpp"
#include "kernel/limits.hpp"

namespace zc::test {

class RealWorld : public World {
public:
    RealWorld(const Case& which, Mode mode);
    ~RealWorld() override;

    Endpoint source() override;
    Endpoint sink() override;
    bool is_ready(const Interest& interest) override;
    std::string left_in_source() override;
    std::size_t carrier_room() override { return room_bytes; }

    bool trickle_source() override;
    bool cut_sink(std::size_t) override { return false; }
    bool small_sink() override;
    bool break_source() override;
    bool break_sink() override;
    bool refuse_zero_copy(Side side, unsigned at_call) override;
    bool shrink_source(std::size_t bytes) override;
    bool answer_try_later(unsigned) override { return false; }

protected:
    std::size_t send(std::string_view bytes) override;
    void end_source() override;
    std::string drain() override;

private:
    static constexpr std::size_t room_bytes = limits::pipe_bytes;
    const Case& which_;
    TempDir files_;
    Pair source_;
    Pair sink_;
    bool leaves_after_first_ = false;
    bool small_files_ = false;
};

// Whether RWF_DONTCACHE works on files of a directory.
[[nodiscard]] bool can_bypass_cache(const TempDir& files);

}  // namespace zc::test
