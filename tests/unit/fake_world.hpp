// The battery's world over the fake kernel: every disturbance is possible.
#pragma once

#include "battery.hpp"
#include "unit/fake_kernel.hpp"

namespace zc::test {

class FakeWorld : public World {
public:
    FakeWorld(const Case& which, Mode mode);

    Endpoint source() override;
    Endpoint sink() override;
    bool is_ready(const Interest& interest) override;
    std::string left_in_source() override;
    std::size_t carrier_room() override { return room_bytes; }

    bool trickle_source() override;
    bool cut_sink(std::size_t divisor) override;
    bool small_sink() override;
    bool break_source() override;
    bool break_sink() override;
    bool refuse_zero_copy(Side side, unsigned at_call) override;
    bool shrink_source(std::size_t bytes) override;
    bool answer_try_later(unsigned times) override;

protected:
    std::size_t send(std::string_view bytes) override;
    void end_source() override;
    std::string drain() override;

private:
    static constexpr std::size_t room_bytes = 64 * 1024;
    const Case& which_;
    fake::Kernel kernel_;
    Fd source_;
    Fd sink_;
    std::size_t seen_ = 0;  // of a sink file
};

}  // namespace zc::test
