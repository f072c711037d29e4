// The calls of kernel/sys.hpp over Things.
#include "unit/fake_kernel.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <thread>

#include "kernel/limits.hpp"
#include "kernel/sys_cache.hpp"
#include "kernel/sys_event.hpp"
#include "unit/fake_thing.hpp"

namespace zc::fake {
namespace {

Kernel* current = nullptr;

Kernel& kernel() {
    if (current == nullptr) throw Hang("a call without a kernel");
    return *current;
}

}  // namespace

Kernel::Kernel() { current = this; }
Kernel::~Kernel() { current = nullptr; }

Fd Kernel::open(Thing thing) {
    const Blocking blocking = thing.blocking;
    return adopt(std::make_shared<Thing>(std::move(thing)), blocking);
}

Fd Kernel::adopt(std::shared_ptr<Thing> thing, Blocking blocking) {
    opened_.emplace(next_, Opened{std::move(thing), blocking, true});
    return Fd(next_++);
}

bool Kernel::knows(FdView fd) const {
    const auto found = opened_.find(fd.number());
    return found != opened_.end() && found->second.open;
}

void Kernel::forget(FdView fd) { opened_.at(fd.number()).open = false; }
Thing& Kernel::of(FdView fd) { return *opened_.at(fd.number()).thing; }
std::shared_ptr<Thing> Kernel::share(FdView fd) const { return opened_.at(fd.number()).thing; }
Blocking Kernel::blocking(FdView fd) const { return opened_.at(fd.number()).blocking; }

std::size_t Kernel::opened() const {
    return static_cast<std::size_t>(
        std::count_if(opened_.begin(), opened_.end(), [](auto& one) { return one.second.open; }));
}

std::size_t Kernel::spliced() const { return page_bytes_out; }

void Kernel::fails(Call call, int code, When when) { rules_.push_back({call, code, when}); }

std::optional<Error> Kernel::enters(Call call, const char* name, FdView fd, FdView other) {
    ++counts_[static_cast<std::size_t>(call)];
    for (Rule& rule : rules_) {
        if (rule.call != call) continue;
        if (rule.when.on.valid() && rule.when.on != fd && rule.when.on != other) continue;
        ++rule.seen;
        if (rule.seen < rule.when.first || rule.seen - rule.when.first >= rule.when.count) continue;
        return Error::system(name, rule.code);
    }
    for (const FdView one : {fd, other})
        if (one.valid() && !knows(one)) return Error::system(name, EBADF);
    return std::nullopt;
}

// Answers EAGAIN where the call may not sleep; else lets the world act, and the
// caller looks again.
Error Kernel::sleeps(const char* name, bool forbidden) {
    if (forbidden) return Error::try_later(name);
    if (!calls_may_sleep) throw Hang(std::string("would sleep: ") + name);
    if (!on_sleep()) throw Hang(std::string("sleeps for ever: ") + name);
    return Error{};
}

}  // namespace zc::fake

namespace zc::sys {
namespace {

using fake::Call;
using fake::kernel;
using fake::Thing;

bool is_pipe(const Thing& thing) { return thing.kind == FdKind::pipe; }

bool can_sleep(const Thing& thing) {
    return is_socket(thing.kind) || thing.kind == FdKind::terminal;
}

// What one call may move of `bytes`, as the thing is disturbed.
Result<std::size_t> allowed(Thing& thing, const char* name, std::size_t bytes) {
    if (thing.cut && bytes > 1) bytes = std::clamp<std::size_t>(thing.cut(bytes), 1, bytes);
    if (!thing.failing) return bytes;
    if (thing.failing->bytes == 0) return failure(Error::system(name, thing.failing->code));
    return std::min(bytes, thing.failing->bytes);
}

void used(Thing& thing, std::size_t bytes) {
    if (thing.failing) thing.failing->bytes -= bytes;
}

// Whether the source has bytes (true) or ends (false), slept for if need be.
Result<bool> await_bytes(const char* name, Thing& thing, bool may_not_sleep) {
    while (!fake::has_bytes(thing)) {
        if (fake::at_end(thing)) return false;
        if (thing.failing && thing.failing->bytes == 0) break;
        const Error error = kernel().sleeps(name, may_not_sleep);
        if (error.code != 0) return failure(error);
    }
    return true;
}

Result<void> await_room(const char* name, Thing& thing, bool may_not_sleep) {
    for (;;) {
        if (thing.gone) return failure(Error::system(name, EPIPE));
        if (fake::room(thing) != 0) return {};
        const Error error = kernel().sleeps(name, may_not_sleep);
        if (error.code != 0) return failure(error);
    }
}

Result<std::size_t> read_thing(const char* name, FdView fd, std::span<std::byte> into, bool now) {
    Thing& thing = kernel().of(fd);
    if (thing.kind == FdKind::directory) return failure(Error::system(name, EISDIR));
    const auto some = await_bytes(name, thing, now || kernel().blocking(fd) == Blocking::no);
    if (!some) return failure(some.error());
    if (!*some) return 0;
    const auto most = allowed(thing, name, into.size());
    if (!most) return most;
    std::size_t got = 0;
    while (got < *most && fake::has_bytes(thing)) {
        if (is_pipe(thing) && fake::is_lost(thing.slots.front())) {
            if (got == 0) return failure(Error::system(name, ENODATA));
            break;
        }
        const std::string text = fake::take_slot(thing, *most - got).text();
        std::memcpy(into.data() + got, text.data(), text.size());
        got += text.size();
    }
    used(thing, got);
    return got;
}

Result<std::size_t> write_thing(const char* name, FdView fd, std::span<const std::byte> from,
                                bool now) {
    Thing& thing = kernel().of(fd);
    if (thing.device == fake::Device::full) return failure(Error::system(name, ENOSPC));
    const bool may_not_sleep = now || kernel().blocking(fd) == Blocking::no;
    const auto most = allowed(thing, name, from.size());
    if (!most) return most;
    std::size_t put = 0;
    while (put < *most) {
        const auto room = await_room(name, thing, may_not_sleep);
        if (!room && put != 0) break;
        if (!room) return failure(room.error());
        const std::size_t piece =
            std::min({*most - put, fake::room(thing), std::size_t{limits::page_bytes}});
        fake::give_slot(
            thing, {std::string(reinterpret_cast<const char*>(from.data()) + put, piece), nullptr,
                    0, piece});
        put += piece;
    }
    used(thing, put);
    return put;
}

// Kernel: nobody else may hold a pipe that is spliced with what can sleep.
void check_pipe_lock(const Thing& pipe, const Thing& other, Blocking blocking) {
    if (is_pipe(pipe) && pipe.owner == fake::Owner::others && can_sleep(other) &&
        blocking == Blocking::yes)
        throw fake::Hang("locks a pipe of others: splice");
}

bool refuses_splice(const Thing& source, const Thing& sink) {
    if (!is_pipe(source) && !is_pipe(sink)) return true;
    if (source.kind == FdKind::directory || source.device == fake::Device::null) return true;
    return sink.append == Append::yes || sink.device == fake::Device::full;
}

// A failure with code 0 is an answer of 0 bytes.
Result<std::size_t> answer(const Error& error) {
    if (error.code == 0) return 0;
    return failure(error);
}

std::size_t move_slots(Thing& source, Thing& sink, std::size_t bytes) {
    std::size_t moved = 0;
    while (moved < bytes && fake::has_bytes(source) && fake::room(sink) != 0) {
        if (is_pipe(source) && fake::is_lost(source.slots.front())) break;
        fake::Slot slot = fake::take_slot(source, std::min(bytes - moved, fake::room(sink)));
        if (source.kind == FdKind::regular && is_pipe(sink)) kernel().page_bytes_out += slot.size;
        moved += slot.size;
        fake::give_slot(sink, std::move(slot));
    }
    return moved;
}

// What went through a file last, up to its offset, is in the page cache now.
Result<std::size_t> leaves_pages(Result<std::size_t> moved, FdView fd, bool writes) {
    Thing& thing = kernel().of(fd);
    if (!moved || *moved == 0 || thing.kind != FdKind::regular) return moved;
    for (std::size_t page = (thing.offset - *moved) / limits::page_bytes;
         page * limits::page_bytes < thing.offset; ++page) {
        thing.cached.insert(page);
        if (writes) thing.dirty.insert(page);
    }
    thing.most_cached = std::max(thing.most_cached, thing.cached.size());
    return moved;
}

}  // namespace

Result<std::size_t> read(FdView fd, std::span<std::byte> into, Cache cache) {
    if (auto error = kernel().enters(Call::read, "read", fd)) return answer(*error);
    if (cache == Cache::bypass && kernel().of(fd).cached_only)
        return failure(Error::system("preadv2", EOPNOTSUPP));
    auto got = read_thing("read", fd, into, false);
    return cache == Cache::bypass ? got : leaves_pages(std::move(got), fd, false);
}

Result<std::size_t> write(FdView fd, std::span<const std::byte> from, Cache cache) {
    if (auto error = kernel().enters(Call::write, "write", fd)) return answer(*error);
    if (cache == Cache::bypass && kernel().of(fd).cached_only)
        return failure(Error::system("pwritev2", EOPNOTSUPP));
    auto gone = write_thing("write", fd, from, false);
    return cache == Cache::bypass ? gone : leaves_pages(std::move(gone), fd, true);
}

Result<std::size_t> receive_now(FdView socket, std::span<std::byte> into) {
    if (auto error = kernel().enters(Call::read, "recv", socket)) return answer(*error);
    if (!is_socket(kernel().of(socket).kind)) return failure(Error::system("recv", ENOTSOCK));
    return read_thing("recv", socket, into, true);
}

Result<std::size_t> send_now(FdView socket, std::span<const std::byte> from) {
    if (auto error = kernel().enters(Call::write, "send", socket)) return answer(*error);
    if (!is_socket(kernel().of(socket).kind)) return failure(Error::system("send", ENOTSOCK));
    return write_thing("send", socket, from, true);
}

Result<std::size_t> splice(FdView from, FdView to, std::size_t bytes, Sleep sleep) {
    if (auto error = kernel().enters(Call::splice, "splice", from, to)) return answer(*error);
    Thing& source = kernel().of(from);
    Thing& sink = kernel().of(to);
    if (refuses_splice(source, sink)) return failure(Error::system("splice", EINVAL));
    check_pipe_lock(source, sink, kernel().blocking(to));
    check_pipe_lock(sink, source, kernel().blocking(from));
    // Kernel: SPLICE_F_NONBLOCK speaks for pipes; between two pipes either
    // O_NONBLOCK counts for both.
    const bool both = is_pipe(source) && is_pipe(sink);
    const bool from_now = kernel().blocking(from) == Blocking::no;
    const bool to_now = kernel().blocking(to) == Blocking::no;
    const bool never = sleep == Sleep::never;
    const auto may_not = [&](const Thing& end, bool own, bool other) {
        return own || (is_pipe(end) && never) || (both && other);
    };
    // Kernel: room is waited for first, even at the source's end.
    if (const auto room = await_room("splice", sink, may_not(sink, to_now, from_now)); !room)
        return failure(room.error());
    const auto some = await_bytes("splice", source, may_not(source, from_now, to_now));
    if (!some) return failure(some.error());
    if (!*some) return 0;
    auto most = allowed(source, "splice", bytes);
    if (most) most = allowed(sink, "splice", *most);
    if (!most) return most;
    const std::size_t moved = move_slots(source, sink, *most);
    used(source, moved);
    used(sink, moved);
    return moved;
}

Result<std::size_t> tee(FdView from, FdView to, std::size_t bytes, Sleep sleep) {
    if (auto error = kernel().enters(Call::tee, "tee", from, to)) return failure(*error);
    Thing& source = kernel().of(from);
    Thing& sink = kernel().of(to);
    if (!is_pipe(source) || !is_pipe(sink)) return failure(Error::system("tee", EINVAL));
    const bool may_not_sleep = sleep == Sleep::never || kernel().blocking(from) == Blocking::no ||
                               kernel().blocking(to) == Blocking::no;
    const auto some = await_bytes("tee", source, may_not_sleep);
    if (!some) return failure(some.error());
    if (!*some) return 0;
    if (const auto room = await_room("tee", sink, may_not_sleep); !room)
        return failure(room.error());
    const auto most = allowed(sink, "tee", bytes);
    if (!most) return most;
    std::size_t copied = 0;
    for (const fake::Slot& slot : source.slots) {
        if (copied == *most || fake::room(sink) == 0) break;
        fake::Slot part = slot;
        part.size = std::min(part.size, *most - copied);
        if (part.file == nullptr) part.bytes.resize(part.size);
        copied += part.size;
        sink.slots.push_back(std::move(part));
    }
    used(sink, copied);
    return copied;
}

Result<std::size_t> copy_file_range(FdView from, FdView to, std::size_t bytes) {
    constexpr auto name = "copy_file_range";
    if (auto error = kernel().enters(Call::copy_file_range, name, from, to)) return answer(*error);
    Thing& source = kernel().of(from);
    Thing& sink = kernel().of(to);
    if (source.kind != FdKind::regular || sink.kind != FdKind::regular)
        return failure(Error::system(name, EINVAL));
    if (sink.append == Append::yes) return failure(Error::system(name, EBADF));
    auto most = allowed(source, name, bytes);
    if (most) most = allowed(sink, name, *most);
    if (!most) return most;
    const std::size_t moved = move_slots(source, sink, *most);
    used(source, moved);
    used(sink, moved);
    return moved;
}

Result<std::size_t> copy_file_range(FdView from, std::uint64_t at, FdView to, std::size_t bytes) {
    Thing& source = kernel().of(from);
    const std::size_t before = std::exchange(source.offset, at);
    const auto copied = copy_file_range(from, to, bytes);
    source.offset = before;
    return copied;
}

Result<PipeEnds> make_pipe() {
    if (auto error = kernel().enters(Call::make_pipe, "pipe2", {})) return failure(*error);
    auto pipe = std::make_shared<Thing>();
    pipe->kind = FdKind::pipe;
    pipe->owner = fake::Owner::ours;
    return PipeEnds{kernel().adopt(pipe, Blocking::yes), kernel().adopt(pipe, Blocking::yes)};
}

Result<std::size_t> pipe_capacity(FdView pipe) {
    if (auto error = kernel().enters(Call::pipe_capacity, "F_GETPIPE_SZ", pipe))
        return failure(*error);
    const Thing& thing = kernel().of(pipe);
    if (!is_pipe(thing)) return failure(Error::system("F_GETPIPE_SZ", EBADF));
    return thing.slot_count * limits::page_bytes;
}

Result<std::size_t> set_pipe_capacity(FdView pipe, std::size_t bytes) {
    constexpr auto name = "F_SETPIPE_SZ";
    if (auto error = kernel().enters(Call::set_pipe_capacity, name, pipe)) return failure(*error);
    Thing& thing = kernel().of(pipe);
    if (!is_pipe(thing)) return failure(Error::system(name, EBADF));
    const std::size_t slots = std::bit_ceil((bytes + limits::page_bytes - 1) / limits::page_bytes);
    if (slots * limits::page_bytes > kernel().largest_pipe)
        return failure(Error::system(name, EPERM));
    if (slots < thing.slots.size()) return failure(Error::system(name, EBUSY));
    thing.slot_count = slots;
    return slots * limits::page_bytes;
}

Result<std::size_t> unread_bytes(FdView fd) {
    if (auto error = kernel().enters(Call::unread_bytes, "FIONREAD", fd)) return failure(*error);
    const Thing& thing = kernel().of(fd);
    std::size_t bytes = thing.incoming.size();
    for (const fake::Slot& slot : thing.slots) bytes += slot.size;
    return bytes;
}

// Asked of UNIX sockets only; they fail no test of their own.
Result<std::size_t> send_buffer_bytes(FdView socket) { return kernel().of(socket).room; }
Result<std::size_t> unsent_bytes(FdView socket) { return kernel().of(socket).outgoing.size(); }

Result<Fd> reopen_nonblocking(FdView fd, Readiness) {
    if (auto error = kernel().enters(Call::reopen, "open", fd)) return failure(*error);
    if (is_socket(kernel().of(fd).kind)) return failure(Error::system("open", ENXIO));
    return kernel().adopt(kernel().share(fd), Blocking::no);
}

Result<void> close(FdView fd) {
    if (!kernel().knows(fd)) throw fake::Hang("closes what is not open");
    kernel().forget(fd);
    return {};
}

Result<FdFacts> facts(FdView fd) {
    if (auto error = kernel().enters(Call::facts, "fstat", fd)) return failure(*error);
    const Thing& thing = kernel().of(fd);
    FdFacts facts;
    facts.kind = thing.kind;
    facts.blocking = kernel().blocking(fd);
    facts.append = thing.append;
    if (thing.kind == FdKind::regular)
        facts.size_bytes = thing.claims.value_or(thing.content.size());
    return facts;
}

Result<std::uint64_t> offset(FdView fd) {
    if (auto error = kernel().enters(Call::offset, "lseek", fd)) return failure(*error);
    if (kernel().of(fd).kind != FdKind::regular) return failure(Error::system("lseek", ESPIPE));
    return kernel().of(fd).offset;
}

// Knows no holes: all of a file is data.
Result<std::uint64_t> seek(FdView fd, std::uint64_t offset, Seek how) {
    if (auto error = kernel().enters(Call::seek, "lseek", fd)) return failure(*error);
    Thing& thing = kernel().of(fd);
    if (thing.kind != FdKind::regular) return failure(Error::system("lseek", ESPIPE));
    const std::size_t size = thing.content.size();
    const bool wants_content = how == Seek::data || how == Seek::hole;
    if (wants_content && offset >= size) return failure(Error::system("lseek", ENXIO));
    const std::size_t end = static_cast<std::size_t>(thing.claims.value_or(size));
    thing.offset = how == Seek::end || how == Seek::hole ? end : offset;
    return thing.offset;
}

Result<void> resize(FdView file, std::uint64_t bytes) {
    if (auto error = kernel().enters(Call::resize, "ftruncate", file)) return failure(*error);
    kernel().of(file).content.resize(bytes);
    return {};
}

Result<void> advise_sequential(FdView) { return {}; }

Result<void> cached_pages(FdView file, std::uint64_t offset, std::span<std::byte> into) {
    Thing& thing = kernel().of(file);
    if (thing.for_writing_only) return failure(Error::system("mmap", EACCES));
    for (std::size_t i = 0; i < into.size(); ++i)
        into[i] = std::byte{thing.cached.contains(offset / limits::page_bytes + i)};
    return {};
}

Result<void> write_back(FdView file, std::uint64_t offset, std::uint64_t bytes, Sleep sleep) {
    if (sleep == Sleep::never) return {};  // it is begun, and ends some day
    std::erase_if(kernel().of(file).dirty, [=](std::size_t page) {
        return page >= offset / limits::page_bytes && page * limits::page_bytes < offset + bytes;
    });
    return {};
}

Result<void> drop_cached(FdView file, std::uint64_t offset, std::uint64_t bytes) {
    Thing& thing = kernel().of(file);
    std::erase_if(thing.cached, [&](std::size_t page) {
        const bool inside =
            page >= offset / limits::page_bytes && page * limits::page_bytes < offset + bytes;
        return inside && !thing.dirty.contains(page);
    });
    return {};
}

Result<std::size_t> wait(std::span<const Interest> interests, std::span<bool> ready,
                         std::optional<std::chrono::milliseconds> limit) {
    if (auto error = kernel().enters(Call::wait, "poll", {})) return failure(*error);
    for (;;) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < interests.size(); ++i) {
            const Thing& thing = kernel().of(interests[i].fd);
            const bool failed = thing.failing && thing.failing->bytes == 0;
            const bool is = failed || fake::is_ready(thing, interests[i].event);
            if (i < ready.size()) ready[i] = is;
            count += is ? 1 : 0;
        }
        if (count != 0 || limit == std::chrono::milliseconds{0}) return count;
        if (kernel().on_sleep()) continue;
        if (!limit) throw fake::Hang("sleeps for ever: poll");
        std::this_thread::sleep_for(*limit);  // what poll(2) does; nothing is waited for
        return 0;
    }
}

Result<void> take_read_lease(FdView fd) {
    if (auto error = kernel().enters(Call::take_lease, "F_SETLEASE", fd)) return failure(*error);
    Thing& thing = kernel().of(fd);
    if (thing.writers) return failure(Error::system("F_SETLEASE", EAGAIN));
    thing.leased = true;
    return {};
}

Result<bool> release_lease(FdView fd) {
    Thing& thing = kernel().of(fd);
    if (!thing.leased) throw fake::Hang("releases a lease it does not hold");
    thing.leased = false;
    if (thing.on_release) thing.on_release();
    return !thing.lease_lost;
}

// Nobody stops anything here: there are no other threads.
Result<Fd> make_eventfd() { return failure(Error::system("eventfd", ENOSYS)); }
void ring(FdView) {}

// Both ask and change nothing.
Result<bool> reader_left(FdView sink) { return kernel().of(sink).gone; }
Result<bool> leases_see_every_writer(FdView file) { return !kernel().of(file).leases_local; }

Result<bool> holds_read_lease(FdView fd) {
    if (auto error = kernel().enters(Call::holds_lease, "F_GETLEASE", fd)) return failure(*error);
    return kernel().of(fd).leased && !kernel().of(fd).breaking;
}

}  // namespace zc::sys
