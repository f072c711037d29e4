// One way of a session: from one stream's reader to another's writer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "address/stream.hpp"
#include "engine/transfer.hpp"
#include "relay/resources.hpp"

namespace zc {

// What --explain says of one sink.
struct EndReport {
    Endpoint source;
    Endpoint sink;
    TransferReport report;
};

// Quiet, it holds nothing: what comes is read into the loop's buffer and written at
// once. A read that fills the buffer, or a sink that does not take all, makes a mover,
// which owns the bytes in flight and has a carrier of the loop's pool.
class Direction {
public:
    // Takes    streams and resources that outlive it; the descriptor that writes to
    //          `to`, which may be another than its own.
    // Errors   a descriptor that is closed.
    [[nodiscard]] static Result<std::unique_ptr<Direction>> create(Ways way, const Stream& from,
                                                                   const Stream& to, FdView sink,
                                                                   Resources& resources);
    Direction(const Direction&) = delete;
    Direction& operator=(const Direction&) = delete;
    ~Direction();

    // Moves what can be moved now, but no more than a turn's worth.
    //
    // Blocks   never, regular files excepted.
    Progress advance();

    // From now on only EAGAIN or the end says that its source has nothing more.
    void look_closely() { looks_closely_ = true; }

    // Gives back what it has borrowed, if nothing is in flight.
    void rest();
    [[nodiscard]] bool could_rest() const;

    [[nodiscard]] bool finished() const { return finished_; }
    // Bytes have been taken that the sink has not got; true in doubt.
    [[nodiscard]] bool holds_bytes() const;
    // Whether the last advance() moved something before it came to wait.
    [[nodiscard]] bool moved_in_turn() const { return moved_in_turn_; }
    // Bytes are held that the sink has not taken.
    [[nodiscard]] bool waits_for_sink() const { return waits_for_sink_; }
    // Its source goes on to be recorded, whatever became of the sink.
    [[nodiscard]] bool records() const;

    [[nodiscard]] Traffic traffic() const;

    // Order    the rest only when finished().
    // Every failure with its label; a recording's too.
    [[nodiscard]] std::vector<Error> errors() const;
    // Its sink has everything its source had, or wanted no more of it.
    [[nodiscard]] bool whole() const;
    // Its source may have more: it ended at `readbytes`, or with its sink.
    [[nodiscard]] bool ended_early() const;
    [[nodiscard]] std::vector<EndReport> reports() const;

    [[nodiscard]] const Stream& from() const { return *from_; }
    [[nodiscard]] const Stream& to() const { return *to_; }
    [[nodiscard]] FdView sink() const { return sink_; }

private:
    struct Mover;
    Direction(Ways way, const Stream& from, const Stream& to, FdView sink, Resources& resources);

    [[nodiscard]] bool may_be_quiet() const;
    [[nodiscard]] Result<Endpoint> source_end() const;
    [[nodiscard]] Result<Endpoint> sink_end() const;
    [[nodiscard]] const std::optional<Endpoint>& recording() const;
    [[nodiscard]] std::optional<std::uint64_t> limit_left() const;
    [[nodiscard]] Result<void> make_mover(std::span<const std::byte> in_flight);
    [[nodiscard]] bool may_rest() const;
    [[nodiscard]] bool excuses(const Error& error) const;
    void lend_carrier();
    void reserve_pipes();
    void grow_carrier();
    void put_away(const TransferReport& report);
    void give_back_pipes();
    [[nodiscard]] std::optional<Error> failure_of_ends() const;
    Progress step();
    Progress step_quietly();
    Progress step_mover();
    Progress fail(const Error& error, const std::string& label);
    Progress after_end();

    Ways way_;
    bool finished_ = false;
    bool moved_in_turn_ = false;
    bool has_bulk_ = false;  // the last turn that moved something filled a buffer
    bool waits_for_sink_ = false;
    bool looks_closely_ = false;
    FdView sink_;
    const Stream* from_;
    const Stream* to_;
    Resources* resources_;
    Traffic quiet_;                    // what was moved without a mover
    std::unique_ptr<RateLimit> rate_;  // none where there is no limit
    std::unique_ptr<Mover> mover_;     // none while quiet
    struct Ends {
        Endpoint source;
        Endpoint sink;
    };
    std::unique_ptr<Ends> ends_;               // of the last mover, where they are not ours
    std::unique_ptr<TransferReport> earlier_;  // of movers that are gone
    std::unique_ptr<Error> error_;             // found without a mover
};

}  // namespace zc
