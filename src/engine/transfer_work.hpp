// The work of a Transfer, which is its face.
#pragma once

#include "engine/lease.hpp"
#include "engine/path.hpp"
#include "engine/plan.hpp"
#include "engine/transfer.hpp"

namespace zc {

// What a Transfer does; its contract is there.
//
// Order    bytes reach the sink in the source's order, each exactly once,
//          whatever methods are used on the way.
// Source   `Transfer(dst, src)` of acln.ro/zerocopy.
class TransferWork {
public:
    TransferWork(Endpoint source, Endpoint sink, Workspace& space, TransferOptions options);

    // Returns  `finished` at the source's end, at the limit, or on failure;
    //          report().error tells which.
    // Blocks   as its Waiting says.
    Progress advance();

    // Ends it here, as failed on the error's side.
    void cut_short(const Error& error) { (void)finish(error); }

    // Complete when it has finished.
    [[nodiscard]] const TransferReport& report() const { return report_; }
    // Bytes the sink has accepted so far.
    [[nodiscard]] std::uint64_t delivered() const { return route_.delivered; }
    // What it would say if it ended here. Order: only while nothing is held.
    [[nodiscard]] TransferReport report_so_far();
    [[nodiscard]] const Endpoint& source() const { return route_.source; }
    // Its descriptor may be one of our own until the transfer has finished.
    [[nodiscard]] const Endpoint& sink() const { return route_.sink; }

private:
    [[nodiscard]] bool worth_a_pipe() const;
    [[nodiscard]] std::size_t allowance() const;
    [[nodiscard]] Method choose_method();
    void start_bulk();
    void guard_pages();
    [[nodiscard]] Result<void> look_at_lease();
    void demote(const Error& reason);
    void account(Method method, std::uint64_t taken_before, std::uint64_t delivered_before);
    Progress after(const Step& step, Method method);
    Progress wait_for(Side side);
    Result<void> take_own_sink();
    Progress finish(std::optional<Error> error);
    void sum_up();
    Progress end_of_source(Method method);

    Route route_;
    TransferOptions options_;
    Plan plan_;
    std::size_t at_ = 0;  // the plan's method in use
    bool bulk_ = false;   // a method other than copy has been prepared
    bool confirming_end_ = false;
    bool finished_ = false;
    AliasGuard guard_;
    PageTrail* trail_ = nullptr;  // of the sink, while the guard holds
    Fd own_sink_;                 // a non-blocking description of the sink, once a lease was held
    FdView given_sink_;
    TransferReport report_;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace zc
