#include "battery.hpp"

#include "catch.hpp"
#include "engine/workspace.hpp"

namespace zc::test {

const std::vector<Case>& cases() {
    static const Policy always{ZeroCopy::always, Cache::normal};
    static const Policy never{ZeroCopy::never, Cache::normal};
    static const Policy bypass{ZeroCopy::automatic, Cache::bypass};
    static const Policy holes{ZeroCopy::automatic, Cache::normal, Holes::kept};
    static const std::vector<Case> all{
        {"reflink", Method::reflink, FdKind::regular, FdKind::regular},
        {"splice pipe to pipe", Method::splice, FdKind::pipe, FdKind::pipe},
        {"splice pipe to file", Method::splice, FdKind::pipe, FdKind::regular},
        {"carrier socket to socket", Method::carrier, FdKind::unix_socket, FdKind::unix_socket},
        {"carrier pipe to socket", Method::carrier, FdKind::pipe, FdKind::unix_socket},
        {"carrier socket to pipe", Method::carrier, FdKind::unix_socket, FdKind::pipe},
        {"carrier socket to file", Method::carrier, FdKind::unix_socket, FdKind::regular},
        {"carrier file to pipe", Method::carrier, FdKind::regular, FdKind::pipe, always},
        {"copy socket to socket", Method::copy, FdKind::unix_socket, FdKind::unix_socket, never},
        {"copy pipe to pipe", Method::copy, FdKind::pipe, FdKind::pipe, never},
        {"copy file to file", Method::copy, FdKind::regular, FdKind::regular, never},
        {"sparse file to file", Method::sparse, FdKind::regular, FdKind::regular, holes},
        {"sparse pipe to file", Method::sparse, FdKind::pipe, FdKind::regular, holes},
        {"uncached file to file", Method::uncached, FdKind::regular, FdKind::regular, bypass},
        {"uncached pipe to file", Method::uncached, FdKind::pipe, FdKind::regular, bypass},
    };
    return all;
}

std::string World::received() { return received_ += drain(); }

bool World::feed() {
    if (pending_.empty()) {
        if (!ending_ || std::exchange(ended_, true)) return false;
        end_source();
        return true;
    }
    const std::size_t sent = send(one_by_one_ ? pending_.substr(0, 1) : pending_);
    pending_.erase(0, sent);
    return sent != 0;
}

bool World::act(std::optional<Readiness> waited_for) {
    std::string fresh;
    if (waited_for != Readiness::readable) fresh = drain();
    received_ += fresh;
    const bool fed = waited_for != Readiness::writable && feed();
    if (fed || !fresh.empty()) return true;
    if (later.empty()) return false;
    const auto next = std::move(later.front());
    later.pop_front();
    next();
    return true;
}

std::string pattern(std::size_t bytes) {
    static std::string made;  // as much of it as was ever asked for
    static std::uint64_t state = 1;
    while (made.size() < bytes) {
        state ^= state << 13;  // xorshift
        state ^= state >> 7;
        state ^= state << 17;
        made.append(reinterpret_cast<const char*>(&state), sizeof state);
    }
    return made.substr(0, bytes);
}

namespace {

struct Ran {
    TransferReport report;
    unsigned waited_source = 0;
    unsigned waited_sink = 0;
};

class Run {
public:
    Run(const Case& which, World& world, Mode mode) : which_(which), world_(world) {
        options_ = {which.policy, {}, mode.waiting};
        // Small transfers do not make a pipe; here they shall use one.
        REQUIRE(space_.carrier.pipe());
    }

    Run& limit(std::uint64_t bytes) {
        options_.limit = bytes;
        return *this;
    }
    // Done after both ends were looked at, before the first step.
    Run& first(std::function<void()> act) {
        first_ = std::move(act);
        return *this;
    }

    Ran go() {
        Transfer transfer(world_.source(), world_.sink(), space_, options_);
        if (first_) first_();
        while (world_.act() && world_.later.empty() && which_.source == FdKind::regular) {
        }  // a file is complete before it is read
        Ran ran;
        for (unsigned steps = 0; steps < 1'000'000; ++steps) {
            const Progress progress = transfer.advance();
            if (progress.state == Progress::State::finished) {
                ran.report = transfer.report();
                CHECK(space_.held() == 0);
                return ran;
            }
            if (progress.state == Progress::State::waiting) wait(*progress.wants, ran);
        }
        FAIL("does not end");
        return ran;
    }

private:
    void wait(const Interest& interest, Ran& ran) {
        const bool for_source = interest.event == Readiness::readable;
        ++(for_source ? ran.waited_source : ran.waited_sink);
        INFO("waits for the " << (for_source ? "source" : "sink"));
        while (!world_.is_ready(interest))
            if (!world_.act(interest.event)) FAIL("nobody will end this");
    }

    const Case& which_;
    World& world_;
    Workspace space_;
    TransferOptions options_;
    std::function<void()> first_;
};

// A blocking socket of others may not sleep in an event loop, and splice cannot
// be held back there: send(2) does it instead.
bool only_copy_fits(const Case& which, Mode mode) {
    return which.method == Method::carrier && is_socket(which.sink) &&
           mode.blocking == Blocking::yes && mode.waiting == Waiting::by_poll;
}

// Ends well, with exactly these bytes, all moved by the method of the case.
void check_moved(const Case& which, World& world, Mode mode, const Ran& ran,
                 const std::string& bytes) {
    const bool copied = only_copy_fits(which, mode);
    const Method method = copied ? Method::copy : which.method;
    INFO("error: " << (ran.report.error ? cause(*ran.report.error) : "none"));
    CHECK_FALSE(ran.report.error);
    CHECK(ran.report.bytes == bytes.size());
    CHECK(ran.report.bytes_by[static_cast<std::size_t>(method)] == bytes.size());
    CHECK(ran.report.demotions.size() == (copied && !bytes.empty() ? 1 : 0));
    CHECK((world.received() == bytes));
}

void check_failed(World& world, const Ran& ran, Side side, int code) {
    REQUIRE(ran.report.error);
    INFO(ran.report.error->operation << ": " << cause(*ran.report.error));
    CHECK(ran.report.error->side == side);
    CHECK(ran.report.error->subject == (side == Side::source ? "source" : "sink"));
    CHECK(ran.report.error->code == code);
    CHECK(ran.report.bytes == 1);
    CHECK(world.received() == "a");
}

void give_and_move(const Case& which, World& world, Mode mode, const std::string& bytes) {
    world.give(bytes);
    world.end();
    check_moved(which, world, mode, Run(which, world, mode).go(), bytes);
}

void empty_input(const Case& which, World& world, Mode mode) {
    give_and_move(which, world, mode, "");
}

void one_byte(const Case& which, World& world, Mode mode) {
    give_and_move(which, world, mode, "a");
}

void one_byte_per_call(const Case& which, World& world, Mode mode) {
    if (world.trickle_source()) give_and_move(which, world, mode, pattern(300));
}

void carrier_room_and_one_more(const Case& which, World& world, Mode mode) {
    give_and_move(which, world, mode, pattern(world.carrier_room() + 1));
}

void sink_takes_one_byte_per_call(const Case& which, World& world, Mode mode) {
    if (world.cut_sink(1'000'000)) give_and_move(which, world, mode, pattern(300));
}

void sink_takes_half_of_each_call(const Case& which, World& world, Mode mode) {
    if (world.cut_sink(2)) give_and_move(which, world, mode, pattern(300'000));
}

void try_later_though_ready(const Case& which, World& world, Mode mode) {
    if (world.answer_try_later(2)) give_and_move(which, world, mode, pattern(100'000));
}

void source_blocks_half_way(const Case& which, World& world, Mode mode) {
    if (which.source == FdKind::regular) return;
    const std::string bytes = pattern(2000);
    world.give(bytes.substr(0, 1000));
    world.later.push_back([&] {
        CHECK((world.received() == bytes.substr(0, 1000)));
        world.give(bytes.substr(1000));
        world.end();
    });
    const Ran ran = Run(which, world, mode).go();
    check_moved(which, world, mode, ran, bytes);
    if (mode.waiting == Waiting::by_poll) CHECK(ran.waited_source != 0);
}

void sink_blocks_half_way(const Case& which, World& world, Mode mode) {
    if (!world.small_sink()) return;
    const std::string bytes = pattern(world.carrier_room() + 1);
    world.give(bytes);
    world.end();
    const Ran ran = Run(which, world, mode).go();
    INFO("error: " << (ran.report.error ? cause(*ran.report.error) : "none"));
    CHECK_FALSE(ran.report.error);
    CHECK((world.received() == bytes));
    if (mode.waiting == Waiting::by_poll) CHECK(ran.waited_sink != 0);
}

void source_fails_after_the_first_byte(const Case& which, World& world, Mode mode) {
    world.give(which.source == FdKind::regular ? "abc" : "a");
    if (!world.break_source()) return;
    const Ran ran = Run(which, world, mode).go();
    check_failed(world, ran, Side::source, world.source_code);
}

void sink_fails_after_the_first_byte(const Case& which, World& world, Mode mode) {
    if (!world.break_sink()) return;
    world.give(which.source == FdKind::regular ? "abc" : "a");
    world.later.push_back([&] {
        (void)world.received();
        world.give("bc");
    });
    const Ran ran = Run(which, world, mode).go();
    check_failed(world, ran, Side::sink, world.sink_code);
}

void refused(const Case& which, World& world, Mode mode, Side side, unsigned at_call) {
    // read(2) and write(2) are never refused.
    if (which.method == Method::copy || which.method == Method::sparse) return;
    if (only_copy_fits(which, mode)) return;
    const std::string bytes = pattern(100'000);
    world.give(bytes.substr(0, 30'000));
    const auto rest = [&] {
        world.give(bytes.substr(30'000));
        world.end();
    };
    if (which.source == FdKind::regular)
        rest();
    else
        world.later.push_back(rest);
    bool refuses = false;
    const Ran ran = Run(which, world, mode)
                        .first([&] { refuses = world.refuse_zero_copy(side, at_call); })
                        .go();
    CHECK_FALSE(ran.report.error);
    CHECK((world.received() == bytes));
    CHECK(ran.report.bytes == bytes.size());
    if (!refuses) return;
    REQUIRE(ran.report.demotions.size() == 1);
    CHECK(ran.report.demotions[0].from == which.method);
    CHECK(ran.report.demotions[0].to == Method::copy);
    CHECK(means_another_way(ran.report.demotions[0].reason));
    CHECK(ran.report.bytes_by[static_cast<std::size_t>(Method::copy)] != 0);
}

void sink_refuses_after_the_carrier_filled(const Case& which, World& world, Mode mode) {
    refused(which, world, mode, Side::sink, 1);
}

void source_refuses(const Case& which, World& world, Mode mode) {
    refused(which, world, mode, Side::source, 1);
}

void sink_refuses_in_mid_stream(const Case& which, World& world, Mode mode) {
    // A file goes in one call; there is no middle.
    if (which.source != FdKind::regular) refused(which, world, mode, Side::sink, 2);
}

void source_shrinks(const Case& which, World& world, Mode mode) {
    if (which.source != FdKind::regular) return;
    const std::string bytes = pattern(300'000);
    world.give(bytes);
    world.end();
    while (world.act()) {
    }
    const Ran ran = Run(which, world, mode).first([&] { REQUIRE(world.shrink_source(1000)); }).go();
    check_moved(which, world, mode, ran, bytes.substr(0, 1000));
}

void limited(const Case& which, World& world, Mode mode, std::size_t limit) {
    const std::string bytes = pattern(100'000);
    world.give(bytes);
    const Ran ran = Run(which, world, mode).limit(limit).go();
    check_moved(which, world, mode, ran, bytes.substr(0, limit));
    CHECK((world.left_in_source() == bytes.substr(limit)));
}

void limit_0(const Case& which, World& world, Mode mode) { limited(which, world, mode, 0); }

void limit_1(const Case& which, World& world, Mode mode) { limited(which, world, mode, 1); }

void limit_in_the_middle(const Case& which, World& world, Mode mode) {
    limited(which, world, mode, 70'001);
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all{
        {"empty input", empty_input},
        {"one byte", one_byte},
        {"one byte per call", one_byte_per_call},
        {"carrier room and one more", carrier_room_and_one_more},
        {"the sink takes one byte per call", sink_takes_one_byte_per_call},
        {"the sink takes half of each call", sink_takes_half_of_each_call},
        {"EAGAIN although ready", try_later_though_ready},
        {"the source blocks half way", source_blocks_half_way},
        {"the sink blocks half way", sink_blocks_half_way},
        {"the source fails after the first byte", source_fails_after_the_first_byte},
        {"the sink fails after the first byte", sink_fails_after_the_first_byte},
        {"the sink refuses after the carrier filled", sink_refuses_after_the_carrier_filled},
        {"the source refuses", source_refuses},
        {"the sink refuses in mid-stream", sink_refuses_in_mid_stream},
        {"the source shrinks", source_shrinks},
        {"limit 0", limit_0},
        {"limit 1", limit_1},
        {"limit in the middle", limit_in_the_middle},
    };
    return all;
}

void run_battery(const MakeWorld& make, Mode mode) {
    for (const Case& which : cases())
        for (const Scenario& scenario : scenarios())
            DYNAMIC_SECTION(which.name << ": " << scenario.name) {
                const auto world = make(which, mode);
                if (world) scenario.run(which, *world, mode);
            }
}

}  // namespace zc::test
