// A kernel of a few hundred lines, linked instead of sys_linux.cpp.
//
// It knows files, pipes, sockets and devices as Things in memory, and answers
// every call of kernel/sys.hpp as Linux would, with what a test wants to go wrong:
// a Thing can be disturbed, and the nth call can be made to fail.
//
// What must stay true. Where a real kernel would hang, the fake throws Hang:
// - a call that would sleep in a test that forbids it (Waiting::by_poll),
// - a sleep that nothing ends (on_sleep has no more to give),
// - a splice between a pipe that others hold and something that can sleep.
// A page spliced from a file stays the file's: its bytes are looked up when they
// are consumed, so that a change of the file changes what the reader gets.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/sys.hpp"

namespace zc::fake {

struct Hang : std::logic_error {
    using std::logic_error::logic_error;
};

enum class Device : std::uint8_t { none, null, zero, full };
enum class Owner : std::uint8_t { others, ours };  // who holds the ends of a pipe

struct Thing;

// What one slot of a pipe holds: bytes, or a page that is still a file's.
struct Slot {
    std::string bytes;
    Thing* file = nullptr;
    std::size_t offset = 0;
    std::size_t size = 0;
    [[nodiscard]] std::string text() const;  // as of now
};

// After `bytes` more bytes every call fails with `code`.
struct Failing {
    std::size_t bytes;
    int code;
};

struct Thing {
    FdKind kind = FdKind::regular;
    Blocking blocking = Blocking::yes;
    Append append = Append::no;
    Device device = Device::none;

    std::string content{};                  // regular: the file
    std::size_t offset = 0;                 // regular: of its one description
    std::optional<std::uint64_t> claims{};  // regular: st_size, if it is a lie

    std::deque<Slot> slots{};  // pipe
    std::size_t slot_count = 16;
    Owner owner = Owner::others;

    std::string incoming{};        // sockets, terminals: sent by the peer, not yet read
    std::string outgoing{};        // written, not yet taken by the peer
    std::size_t room = 64 * 1024;  // most that outgoing may hold

    bool ended = false;  // source: no more will come
    bool gone = false;   // sink: nobody reads any more

    std::function<std::size_t(std::size_t)> cut{};  // shortens every call
    std::optional<Failing> failing{};
    bool writers = false;  // somebody has the file open for writing
    bool leased = false;
    bool breaking = false;
    bool lease_lost = false;    // the kernel took it away
    bool leases_local = false;  // as on overlay
    std::function<void()> on_release{};
    bool cached_only = true;         // RWF_DONTCACHE answers EOPNOTSUPP
    std::set<std::size_t> cached{};  // regular: pages in the page cache
    std::set<std::size_t> dirty{};   // of them, those that are not on the disk
    std::size_t most_cached = 0;     // that there ever were
    bool for_writing_only = false;   // mincore(2) is refused
};

enum class Call : std::uint8_t {
    read,   // receive_now too
    write,  // send_now too
    splice,
    tee,
    copy_file_range,
    make_pipe,
    pipe_capacity,
    set_pipe_capacity,
    unread_bytes,
    reopen,
    facts,
    offset,
    seek,
    resize,
    wait,
    take_lease,
    holds_lease
};
inline constexpr std::size_t call_count = 17;

// Which of a kind of calls fail: `count` of them from the `first` on, and only
// those that name `on` first or second, if it names anything.
struct When {
    unsigned first = 1;
    unsigned count = ~0U;
    FdView on{};
};

// The kernel while it lives; one at a time.
class Kernel {
public:
    Kernel();
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    // Opens a thing; it is found again by its descriptor, also after the close.
    [[nodiscard]] Fd open(Thing thing);
    [[nodiscard]] Thing& of(FdView fd);

    void fails(Call call, int code, When when = {});  // code 0: answers 0 bytes
    [[nodiscard]] unsigned calls(Call call) const {
        return counts_[static_cast<std::size_t>(call)];
    }

    // Asked whenever a call sleeps, and by wait(): lets the rest of the world
    // act. Returns false when it has nothing more to do.
    std::function<bool()> on_sleep = [] { return false; };
    bool calls_may_sleep = true;                // no: only wait() may
    std::size_t largest_pipe = 1024 * 1024;     // more is EPERM
    [[nodiscard]] std::size_t opened() const;   // descriptors that are open now
    [[nodiscard]] std::size_t spliced() const;  // bytes of pages handed out

    // For the calls themselves.
    std::optional<Error> enters(Call call, const char* name, FdView fd, FdView other = {});
    Error sleeps(const char* name, bool forbidden);
    [[nodiscard]] Fd adopt(std::shared_ptr<Thing> thing, Blocking blocking);
    [[nodiscard]] Blocking blocking(FdView fd) const;
    [[nodiscard]] std::shared_ptr<Thing> share(FdView fd) const;
    [[nodiscard]] bool knows(FdView fd) const;
    void forget(FdView fd);
    std::size_t page_bytes_out = 0;

private:
    struct Rule {
        Call call;
        int code;
        When when;
        unsigned seen = 0;
    };
    struct Opened {
        std::shared_ptr<Thing> thing;
        Blocking blocking;
        bool open;
    };
    std::map<int, Opened> opened_;
    std::vector<Rule> rules_;
    std::array<unsigned, call_count> counts_{};
    int next_ = 1000;
};

// The other side of a Thing, as its peer or as another process with the file.
std::size_t send(Thing& thing, std::string_view bytes);  // returns what found room
std::string drain(Thing& thing);                         // takes what was delivered
[[nodiscard]] bool readable(const Thing& thing);
[[nodiscard]] bool writable(const Thing& thing);
[[nodiscard]] bool is_ready(const Thing& thing, Readiness event);

}  // namespace zc::fake
