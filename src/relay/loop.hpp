// One event loop: it finds each of its clients a right-hand side and runs their
// sessions. A relay has one in its own thread, and with `fork` more in theirs.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <variant>
#include <vector>

#include "address/connecting.hpp"
#include "relay/errands.hpp"
#include "relay/relay.hpp"
#include "relay/timers.hpp"
#include "relay/watch.hpp"

namespace zc {

// What all loops of one relay share; for any thread.
class Common {
public:
    Common(const std::vector<Address>& right, const RelayOptions& options,
           const RelayObserver& observer);

    const RelayOptions& options;
    Targets targets;

    void log(LogLevel level, const std::string& text) const;
    void fail(const Error& error);  // logs it, and makes the outcome a failure
    void tell(LogLevel level, const Error& error) const;
    void report(const EndReport& said) const;
    [[nodiscard]] bool wants_reports() const { return static_cast<bool>(observer_.report); }
    [[nodiscard]] bool failed() const { return failed_; }
    // Runs something of the observer's, as one thread at a time.
    void alone(const std::function<void()>& what) const;
    // Those of the sessions; what is shown is shown by one thread at a time.
    [[nodiscard]] SessionOptions session_options() const;

    // Clients that have been taken in and are not done yet. Somebody who waits for
    // one of them to be done is told by `call`.
    std::atomic<std::uint64_t> clients = 0;
    void call_when_done(std::function<void()> call) { call_ = std::move(call); }
    std::atomic<bool> somebody_waits = false;
    void client_is_done();

    // Clients that have come in and wait for a descriptor to go on with. As long as
    // there are such clients nobody else is let in.
    std::atomic<std::uint64_t> starved = 0;

    [[nodiscard]] RelayCounters& counters() const { return counters_; }
    [[nodiscard]] PipeBudget& pipe_budget() { return pipe_budget_; }
    // Whether more is to be known of a session that has ended than its errors.
    [[nodiscard]] bool wants_summaries() const {
        return options.counters != nullptr || static_cast<bool>(observer_.session);
    }
    void tell_session(const SessionSummary& summary) const;
    [[nodiscard]] std::optional<Errc> first_failure() const;

    [[nodiscard]] Use use_of(Place place) const;

private:
    const RelayObserver& observer_;
    mutable std::mutex mutex_;
    std::atomic<bool> failed_ = false;
    mutable std::optional<Errc> first_failure_;  // under the mutex
    std::unique_ptr<RelayCounters> own_counters_;
    RelayCounters& counters_;
    PipeBudget pipe_budget_;  // counted there
    std::function<void()> call_;
};

// Somebody who came to the left side.
struct Client {
    Stream left;
    std::vector<std::string> environment;
    SessionWork::Clock::time_point came = SessionWork::Clock::now();
};

class Loop {
public:
    using Clock = SessionWork::Clock;

    // Tokens and timers below this are the owner's.
    static constexpr std::uint64_t first_own = 16;

    // Errors   EMFILE, ENFILE, ENOMEM.
    [[nodiscard]] static Result<std::unique_ptr<Loop>> create(Common& common);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    // Runs until stop(); `owner` is called for its tokens.
    void run(const std::function<void(std::uint64_t token)>& owner);

    // For any thread.
    void take_in(Client client);
    void call(std::function<void()> what);  // in the loop's own thread
    void stop();
    [[nodiscard]] std::size_t clients() const { return clients_; }

    // For the loop's own thread.
    [[nodiscard]] Watch& watch() { return watch_; }
    [[nodiscard]] Timers& timers() { return timers_; }
    void begin(Client client);
    // To the children that asked for it; whether there was one.
    bool forward_signal(int signal);
    void begin_session(Stream left, Stream right);
    // Calls that may sleep: `then` is called here when they are over. Without a thread
    // to be had it is told so at once.
    void open_in_thread(const Address& address, Use use, std::function<void(Result<Stream>)> then);
    void listen_in_thread(const Address& address, std::function<void(Result<Listener>)> then);

private:
    // A session's two places have a token each; its timers use the left one.
    static constexpr std::uint64_t token_of(std::uint64_t id, Place place) {
        return id * 2 + (place == Place::right ? 1 : 0);
    }

    struct Stop {};
    struct Found {
        std::uint64_t id;
        Lookup addresses;
    };
    template <class T>
    struct Done {
        std::function<void(Result<T>)> then;
        Result<T> what;
    };
    using Mail =
        std::variant<Stop, Client, Found, Done<Stream>, Done<Listener>, std::function<void()>>;

    // A client that has no right-hand side yet.
    struct Waiting {
        Client client;
        std::vector<std::size_t> targets;  // still to be tried, the next one last
        std::optional<Connecting> connecting;
        unsigned watched = 0;  // the attempt of `connecting` that has a place in the watch
        bool left_watched = false;
        std::array<bool, 2> look_closely{};  // by Place: an event has said so
        bool away = false;                   // an errand is under way
        bool starved = false;                // counted as such
        bool begun = false;                  // its target counts it
    };
    struct Running {
        std::unique_ptr<SessionWork> session;
        bool in_queue = false;
        std::optional<std::size_t> target;
        Traffic to_right;  // counted already
        Traffic to_left;
        Clock::time_point came;
        Clock::time_point began = Clock::now();
    };

    Loop(Common& common, Errands<Mail> errands, Watch watch)
        : common_(common),
          resources_(common.session_options(), common.pipe_budget(), common.options.buffer_bytes),
          errands_(std::move(errands)),
          watch_(std::move(watch)) {}

    [[nodiscard]] std::span<const sys::Event> next_events();
    void read_mail();
    void handle(const sys::Event& event, const std::function<void(std::uint64_t)>& owner);
    void due(std::uint64_t token, const std::function<void(std::uint64_t)>& owner);

    void dial_for(Client client);
    void dial(std::uint64_t id);
    void begin_dialling(std::uint64_t id, Waiting& waiting);
    void wait_for_connection(std::uint64_t id, Waiting& waiting);
    void dialled(std::uint64_t id, Result<Stream> right);
    [[nodiscard]] Error named(const Waiting& waiting, const Error& error) const;
    void not_dialled(std::uint64_t id, const Error& error);
    [[nodiscard]] bool waits_for_descriptors(std::uint64_t id, Waiting& waiting,
                                             const Error& error);
    void is_fed(Waiting& waiting);
    template <class T>
    void in_thread(std::function<Result<T>()> open, std::function<void(Result<T>)> then) {
        const auto begun = errands_.run([open = std::move(open), then] {
            return Mail(Done<T>{then, open()});
        });
        if (!begun) then(failure(begun.error()));
    }
    void heard(std::uint64_t id, Waiting& waiting, const sys::Event& event);
    void watch_left(std::uint64_t id, Waiting& waiting);
    void client_left(std::uint64_t id);
    // What is watched already, because somebody waited for it.
    struct Watched {
        FdView left;
        FdView right;
        std::array<bool, 2> look_closely{};
        Clock::time_point came = Clock::now();
    };
    void start(std::uint64_t id, Stream left, Stream right, const Watched& watched,
               std::optional<std::size_t> target);
    [[nodiscard]] Result<void> watch_session(std::uint64_t id, const SessionWork& session,
                                             const Watched& watched);
    void soon(std::uint64_t id, Running& running);
    void give_turn(std::uint64_t id, Clock::time_point now);
    void end_session(std::uint64_t id);
    void sum_up(const Running& running, const std::vector<Error>& errors);
    void one_less();

    Common& common_;
    Resources resources_;
    Errands<Mail> errands_;
    Watch watch_;
    Timers timers_;
    std::unordered_map<std::uint64_t, Waiting> waiting_;
    std::unordered_map<std::uint64_t, Running> sessions_;
    std::deque<std::uint64_t> moving_;  // sessions to be given a turn without an event
    std::uint64_t next_id_ = first_own;
    std::atomic<std::size_t> clients_ = 0;
    std::uint64_t moved_bytes_ = 0;  // since events were asked for last
    bool answers_are_quick_ = false;
    bool stopped_ = false;
};

}  // namespace zc
