// What several openers need.
#include "address/opener.hpp"

#include <cerrno>

#include "address/keyword.hpp"
#include "kernel/sys_file.hpp"

namespace zc {

Result<Fd> make_socket(Family family, Blocking blocking, const Options& options) {
    return in_network(options, [&] { return sys::stream_socket(family, blocking); });
}

StreamParts parts_of_socket(Fd socket, FdKind kind, Use use) {
    StreamParts parts;
    parts.own_kind = kind;
    if (reads(use)) parts.reader = socket.view();
    if (writes(use)) parts.writer = socket.view();
    parts.read_owner = std::move(socket);
    parts.end = EndOfWriting::shutdown;
    return parts;
}

Result<void> apply_stream_options(StreamParts& parts, const Options& options) {
    for (const Option& option : options.list()) {  // the last one given counts
        if (option.name == opt::shut_none.name) parts.end = EndOfWriting::nothing;
        if (option.name == opt::shut_down.name) parts.end = EndOfWriting::shutdown;
        if (option.name == opt::shut_close.name) parts.end = EndOfWriting::close;
    }
    parts.ignore_end = options.on(opt::ignoreeof);
    if (const auto* bytes = options.find(opt::readbytes))
        parts.read_limit_bytes = static_cast<std::uint64_t>(*bytes);
    const auto* pipe_bytes = options.find(opt::pipe_bytes);
    if (pipe_bytes == nullptr) return {};
    for (const FdView end : {parts.reader, parts.writer}) {
        if (!end.valid()) continue;
        auto set = sys::set_pipe_capacity(end, static_cast<std::size_t>(*pipe_bytes));
        if (!set) return failure(set.error());
    }
    return {};
}

namespace {

struct NumberOption {
    Key<std::int64_t> key;
    sys::SocketOption option;
};
struct SwitchOption {
    Key<bool> key;
    sys::SocketOption option;
};

Result<void> set_number(FdView socket, const Options& options, const NumberOption& which) {
    const auto* value = options.find(which.key);
    if (value == nullptr) return {};
    return sys::set_option(socket, which.option, static_cast<int>(*value));
}

Result<void> set_switch(FdView socket, const Options& options, const SwitchOption& which) {
    const auto* value = options.find(which.key);
    if (value == nullptr) return {};
    return sys::set_option(socket, which.option, *value ? 1 : 0);
}

}  // namespace

Result<void> set_buffer_options(FdView socket, const Options& options) {
    for (const NumberOption& each :
         {NumberOption{opt::sndbuf, sys::SocketOption::send_buffer_bytes},
          NumberOption{opt::rcvbuf, sys::SocketOption::receive_buffer_bytes}})
        if (auto set = set_number(socket, options, each); !set) return set;
    return {};
}

Result<void> set_tcp_options(FdView socket, const Options& options) {
    for (const SwitchOption& each : {SwitchOption{opt::keepalive, sys::SocketOption::keepalive},
                                     SwitchOption{opt::nodelay, sys::SocketOption::no_delay}})
        if (auto set = set_switch(socket, options, each); !set) return set;
    for (const NumberOption& each :
         {NumberOption{opt::keepidle, sys::SocketOption::keepalive_idle_seconds},
          NumberOption{opt::keepintvl, sys::SocketOption::keepalive_interval_seconds},
          NumberOption{opt::keepcnt, sys::SocketOption::keepalive_count}})
        if (auto set = set_number(socket, options, each); !set) return set;
    return {};
}

bool Owner::given() const { return user != sys::keep || group != sys::keep; }

Result<Owner> owner_of(const Options& options) {
    Owner owner{sys::keep, sys::keep};
    if (const auto* user = options.find(opt::user)) {
        auto number = sys::user_number(*user);
        if (!number) return failure(number.error());
        owner.user = *number;
    }
    if (const auto* group = options.find(opt::group)) {
        auto number = sys::group_number(*group);
        if (!number) return failure(number.error());
        owner.group = *number;
    }
    return owner;
}

Result<std::optional<sys::Identity>> user_of(const Options& options) {
    const auto* name = options.find(opt::su);
    if (name == nullptr) return std::optional<sys::Identity>();
    auto user = sys::identity_of(*name);
    if (user) return std::optional(std::move(*user));
    Error unknown = user.error();
    unknown.detail = "option \"su\": " + unknown.detail;
    return failure(std::move(unknown));
}

Result<void> become_user(const SimpleAddress& address) {
    if ((groups_of(address.target) & groups::child) != 0) return {};
    const auto user = user_of(address.options);
    if (!user) return failure(user.error().about(label_of(address)));
    if (!*user || sys::is_already(**user)) return {};
    auto changed = sys::become(**user);
    if (!changed) return failure(changed.error().about("su=" + (*user)->name));
    return changed;
}

std::optional<unsigned> mode_of(const Options& options, unsigned usual) {
    const Mode* mode = options.find(opt::mode);
    const Mode* umask = options.find(opt::umask);
    if (mode == nullptr && umask == nullptr) return std::nullopt;
    return (mode != nullptr ? mode->bits : usual) & ~(umask != nullptr ? umask->bits : 0U);
}

Result<void> unlink_early(const std::string& path, const Options& options) {
    if (!options.on(opt::unlink_early)) return {};
    auto removed = sys::unlink(path);
    if (removed || removed.error().code == ENOENT) return {};
    return removed;
}

Result<bool> wait_until(Interest interest, std::optional<std::chrono::milliseconds> limit) {
    constexpr std::chrono::milliseconds longest{2'000'000'000};  // poll(2) takes an int
    if (limit) limit = std::min(*limit, longest);
    const std::array interests{interest};
    return sys::wait(interests, {}, limit).map([](std::size_t ready) { return ready != 0; });
}

}  // namespace zc
