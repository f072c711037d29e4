// The work of a Fanout, which is its face.
#pragma once

#include <list>

#include "engine/crew.hpp"
#include "engine/fanout.hpp"
#include "engine/lease.hpp"
#include "engine/outlet.hpp"

namespace zc {

// What a Fanout does; its contract is there.
class FanoutWork {
public:
    FanoutWork(Endpoint source, std::vector<FanoutSink> sinks, Workspace& space,
               FanoutOptions options = {});
    FanoutWork(const FanoutWork&) = delete;
    FanoutWork& operator=(const FanoutWork&) = delete;

    // Returns  `finished` at the source's end, at the limit, on its failure, or
    //          when no sink is left; the report tells which. `waiting` is for
    //          any of interests(); `wants` is the first of them.
    // Blocks   never on a sink; on a source as its Waiting says, but not while
    //          something is held for a sink.
    Progress advance();
    [[nodiscard]] std::span<const Interest> interests() const { return interests_; }

    // Ends it here: what the error's side is called has failed.
    void cut_short(const Error& error);

    // One more sink: it gets what is taken from now on. When it is lost it goes
    // without a trace.
    void join(FanoutSink sink);

    [[nodiscard]] FanoutReport report() const;

private:
    [[nodiscard]] std::size_t allowance() const;
    [[nodiscard]] Method choose_method();
    [[nodiscard]] std::size_t living() const;
    [[nodiscard]] bool others_at_head(const Outlet& but) const;
    [[nodiscard]] std::uint64_t least_lead(const Outlet* but) const;
    [[nodiscard]] bool may_take() const;
    [[nodiscard]] bool anything_held() const;
    void look_again();
    bool drain();
    bool drain_together();
    bool drained(Outlet& outlet, const Result<bool>& took);
    [[nodiscard]] bool works_aside(const Outlet& outlet) const;
    bool spread();
    bool serve(Outlet& outlet);
    [[nodiscard]] Result<std::size_t> read_head(std::uint64_t most);
    void share(const Piece& piece);
    void head_moved(std::uint64_t bytes, const Outlet* but);
    void take();
    Result<Step> take_to_memory(std::size_t limit, Method method);
    void after_take(const Step& step, Method method);
    [[nodiscard]] Method taking() const { return taking_.methods[at_]; }
    [[nodiscard]] std::optional<Error> guard_pages();
    [[nodiscard]] bool lease_is_worth_it() const;
    [[nodiscard]] bool any(bool (Outlet::*is)() const) const;
    std::size_t reflink(Outlet& outlet, std::size_t bytes);
    void look_at_lease();
    [[nodiscard]] Result<void> unshare();
    [[nodiscard]] bool waits_for_rate(std::size_t& limit);
    Progress wait();
    void lose(Outlet& outlet, const Error& error);
    void source_failed(const Error& error);
    void demote(const Error& reason);
    void prepare_pipes();
    Progress finish();

    Route head_;  // source to the caller's workspace: what some sink has not been given
    FanoutOptions options_;
    FanoutReport report_;
    std::list<Outlet> outlets_;
    std::size_t given_ = 0;  // outlets of the constructor; the rest has joined
    std::vector<Interest> interests_;
    Plan taking_;  // how bytes are taken, once there are enough
    std::size_t at_ = 0;
    AliasGuard guard_;
    Crew crew_;
    BlockSource blocks_;
    bool bulk_ = false;  // foreign pipes have been grown
    bool confirming_end_ = false;
    bool source_waits_ = false;
    bool waited_ = false;
    std::optional<std::chrono::milliseconds> rate_wait_;  // the rate limit says so
    bool ended_ = false;  // the source; what is held is still delivered
    bool finished_ = false;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace zc
