// Shared by the openers (open_*.cpp); nobody else includes it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>

#include "address/open.hpp"
#include "kernel/limits.hpp"
#include "kernel/sys.hpp"
#include "kernel/sys_net.hpp"
#include "kernel/sys_user.hpp"

namespace zc {

[[nodiscard]] constexpr bool reads(Use use) { return use != Use::write; }
[[nodiscard]] constexpr bool writes(Use use) { return use != Use::read; }

// One opener for each family of addresses; parts without label and stream options.
Result<StreamParts> open_file_stream(const OpenFile& file, const Options& options, Use use);
Result<StreamParts> open_pipe_stream(const PipeAddress& pipe, const Options& options, Use use);
Result<StreamParts> spawn_child(const SimpleAddress& program, Use use, const OpenContext& context);

// A bound and listening socket with the entry that belongs to it.
struct Bound {
    Fd socket;
    OwnedEntry entry;
};
Result<Bound> listen_tcp(const TcpListen& at, const Options& options, const OpenContext& context);
Result<Bound> listen_unix(const UnixListen& at, const Options& options);

// Calls `make` with the calling thread in the network that netns= names, if it is given.
//
// Errors   with "netns=NAME" as subject.
template <class Make>
auto in_network(const Options& options, Make make) -> decltype(make()) {
    const auto* name = options.find(opt::netns);
    if (name == nullptr) return make();
    auto network = sys::OtherNetwork::enter("/run/netns/" + *name);
    if (!network) return failure(network.error().about("netns=" + *name));
    auto made = make();
    if (auto left = network->leave(); !left) return failure(left.error().about("netns=" + *name));
    return made;
}

// A stream socket in the network asked for.
[[nodiscard]] Result<Fd> make_socket(Family family, Blocking blocking, const Options& options);

// A socket for a connection, with its options set and its near end bound.
Result<Fd> tcp_socket_towards(const SocketAddress& to, const Options& options);
Result<Fd> unix_socket_towards(const Options& options);

// Says which of a host's addresses it was, unless the label says it already.
[[nodiscard]] Error naming_address(const Error& error, const SocketAddress& address,
                                   const std::string& host);

// The family that the address, or else the context, asks a name's addresses to be of.
[[nodiscard]] Family family_towards(const SimpleAddress& address, std::optional<Family> usual);

// A connected non-blocking socket of ours as a stream.
[[nodiscard]] StreamParts parts_of_socket(Fd socket, FdKind kind, Use use);

// What stream options say about any parts: shut-*, ignoreeof, readbytes, f-setpipe-sz.
Result<void> apply_stream_options(StreamParts& parts, const Options& options);

// Options of a socket before bind and connect, and of a connection.
Result<void> set_buffer_options(FdView socket, const Options& options);
Result<void> set_tcp_options(FdView socket, const Options& options);

// The owner asked for with user= and group=.
struct Owner {
    std::uint32_t user, group;
    [[nodiscard]] bool given() const;
};
[[nodiscard]] Result<Owner> owner_of(const Options& options);

// The permission bits asked for with mode= and umask=, if any.
[[nodiscard]] std::optional<unsigned> mode_of(const Options& options, unsigned usual);

// The user that su= names, if it is given.
//
// Errors   unresolved, naming the option.
[[nodiscard]] Result<std::optional<sys::Identity>> user_of(const Options& options);

// Removes what is at `path`, if the options say unlink-early.
Result<void> unlink_early(const std::string& path, const Options& options);

// Waits until `fd` can be acted on; false when the time ran out.
[[nodiscard]] Result<bool> wait_until(Interest interest,
                                      std::optional<std::chrono::milliseconds> limit);

// Calls `attempt` until it succeeds, `retry` is used up, or for ever with
// `forever`; pauses for `interval` in between.
template <class Attempt>
auto with_retries(const Options& options, Attempt attempt) -> decltype(attempt()) {
    auto left = options.get(opt::retry, 0);
    for (;;) {
        auto result = attempt();
        if (result || (left-- <= 0 && !options.on(opt::forever))) return result;
        const auto pause = options.get(opt::interval, limits::retry_interval);
        if (auto slept = sys::wait({}, {}, std::min(pause, std::chrono::milliseconds{86'400'000}));
            !slept)
            return failure(slept.error());
    }
}

}  // namespace zc
