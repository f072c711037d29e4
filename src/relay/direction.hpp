// One way of a session: from one stream's reader to another's writer.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/fanout.hpp"
#include "engine/transfer.hpp"

namespace zc {

// What the end of a source means; look_again is `ignoreeof`.
enum class AtEnd : std::uint8_t { finish, look_again };

struct DirectionOptions {
    Policy policy;
    std::optional<std::uint64_t> limit;  // readbytes=, in bytes
    AtEnd at_end = AtEnd::finish;
    std::optional<Endpoint> recording;  // gets every byte too, by tee(2)
};

// What --explain says of one sink.
struct EndReport {
    Endpoint source;
    Endpoint sink;
    TransferReport report;
};

// Owns    the bytes in flight; the descriptors are the session's.
class Direction {
public:
    Direction(Endpoint source, Endpoint sink, DirectionOptions options);
    Direction(const Direction&) = delete;
    Direction& operator=(const Direction&) = delete;

    // Moves what can be moved now, but no more than a turn's worth.
    //
    // Blocks   never, regular files excepted.
    Progress advance();

    [[nodiscard]] bool finished() const { return finished_; }
    // Whether the last advance() moved something before it came to wait.
    [[nodiscard]] bool moved_in_turn() const { return moved_in_turn_; }
    // Bytes are held that the sink has not taken.
    [[nodiscard]] bool waits_for_sink() const { return waits_for_sink_; }
    // Its source goes on to be recorded, whatever became of the sink.
    [[nodiscard]] bool records() const { return options_.recording && !finished_; }

    // Order    the rest only when finished().
    // Every failure with its label; a recording's too.
    [[nodiscard]] std::vector<Error> errors() const;
    [[nodiscard]] bool failed() const { return !errors().empty(); }
    [[nodiscard]] std::vector<EndReport> reports() const;

    [[nodiscard]] const Endpoint& sink() const { return sink_; }

private:
    void begin();
    Progress advance_mover();

    Endpoint source_;
    Endpoint sink_;
    DirectionOptions options_;
    Workspace space_;
    std::variant<std::monostate, Transfer, Fanout> mover_;
    bool finished_ = false;
    bool moved_in_turn_ = false;
    bool waits_for_sink_ = false;
};

}  // namespace zc
