// One battery of scenarios that every path passes, against either kernel.
//
// A World is a source, a sink and their peers: FakeWorld over the fake kernel,
// RealWorld over Linux. A scenario gives bytes, disturbs something, runs a
// Transfer step by step and checks what arrived. Nothing runs beside it: when
// the Transfer waits, the world acts, and when nothing is left to do the test fails.
//
// A new path is a row in cases(); a new scenario is a row in scenarios().
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/transfer.hpp"

namespace zc::test {

// A pair of kinds for which the plan begins with the method.
struct Case {
    std::string name;
    Method method;
    FdKind source;
    FdKind sink;
    Policy policy{};
};
[[nodiscard]] const std::vector<Case>& cases();

class World {
public:
    World() = default;
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    virtual ~World() = default;

    // Both ends as they are now, labelled "source" and "sink".
    [[nodiscard]] virtual Endpoint source() = 0;
    [[nodiscard]] virtual Endpoint sink() = 0;
    [[nodiscard]] virtual bool is_ready(const Interest& interest) = 0;
    [[nodiscard]] virtual std::string left_in_source() = 0;
    [[nodiscard]] virtual std::size_t carrier_room() = 0;  // in bytes, at most

    // The disturbances. Each answers false where this world cannot make it.
    virtual bool trickle_source() = 0;               // one byte per call
    virtual bool cut_sink(std::size_t divisor) = 0;  // takes 1/divisor of each call
    virtual bool small_sink() = 0;                   // it is soon full
    virtual bool break_source() = 0;                 // after the first byte; see source_code
    virtual bool break_sink() = 0;                   // the same; see sink_code
    virtual bool refuse_zero_copy(Side side, unsigned at_call) = 0;  // from that call on
    virtual bool shrink_source(std::size_t bytes) = 0;               // after source() was looked at
    virtual bool answer_try_later(unsigned times) = 0;               // though it is ready
    int source_code = 0;
    int sink_code = 0;

    void give(std::string bytes) { pending_ += bytes; }  // sent as there is room
    void end() { ending_ = true; }
    [[nodiscard]] std::string received();  // all that has reached the sink's peer

    // Lets the peer of one end act, or of both: false when there is nothing left to do.
    bool act(std::optional<Readiness> waited_for = {});

    std::deque<std::function<void()>> later;  // when a mover waits for its source

protected:
    [[nodiscard]] virtual std::size_t send(std::string_view bytes) = 0;
    virtual void end_source() = 0;
    [[nodiscard]] virtual std::string drain() = 0;  // new bytes only
    bool feed();
    bool one_by_one_ = false;

private:
    std::string pending_;
    std::string received_;
    bool ending_ = false;
    bool ended_ = false;
};

// How a scenario runs a transfer.
struct Mode {
    Blocking blocking;  // of both descriptors
    Waiting waiting;
};
using MakeWorld = std::function<std::unique_ptr<World>(const Case&, Mode)>;

struct Scenario {
    const char* name;
    void (*run)(const Case& which, World& world, Mode mode);
};
[[nodiscard]] const std::vector<Scenario>& scenarios();

// Bytes in which every place is told from its neighbours.
[[nodiscard]] std::string pattern(std::size_t bytes);

// Runs all scenarios for all cases, each in a section of its own.
void run_battery(const MakeWorld& make, Mode mode);

}  // namespace zc::test
