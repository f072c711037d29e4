// UNIX and ABSTRACT sockets.
#include "address/opener.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

// Gives the entry the owner and then the mode that were asked for. Nobody can
// connect yet: the socket does not listen.
Result<void> set_entry(const std::string& path, const Options& options,
                       std::optional<unsigned> mode) {
    const auto owner = owner_of(options);
    if (!owner) return failure(owner.error());
    if (owner->given())
        if (auto set = sys::set_owner(path, owner->user, owner->group); !set) return set;
    if (mode) return sys::set_mode(path, *mode);
    return {};
}

Result<Bound> listen_name(const UnixListen& at, const SocketAddress& address,
                          const Options& options) {
    const bool named = at.space == UnixSpace::filesystem;
    const auto mode = mode_of(options, 0777);
    if (named)
        if (auto gone = unlink_early(at.name, options); !gone) return failure(gone.error());
    auto socket = make_socket(Family::unix_domain, Blocking::no, options);
    if (!socket) return failure(socket.error());
    const FdView fd = socket->view();
    if (auto set = set_buffer_options(fd, options); !set) return failure(set.error());
    // Kernel: bind(2) makes the entry with the socket's own mode less the
    // umask, so it is never wider than asked, not for an instant; umask(2)
    // would change the mode of what other threads create meanwhile.
    // Test: "unix: the entry has the mode asked for".
    if (named && mode)
        if (auto set = sys::set_mode(fd, *mode); !set) return failure(set.error());
    if (auto bound = sys::bind(fd, address); !bound) return failure(bound.error());
    Bound out{std::move(*socket), {}};
    if (named) {
        auto entry = OwnedEntry::adopt(at.name);
        if (!entry) return failure(entry.error());
        out.entry = std::move(*entry);
        if (auto set = set_entry(at.name, options, mode); !set) return failure(set.error());
    }
    const auto backlog = options.get(opt::backlog, limits::listen_backlog);
    if (auto listening = sys::listen(fd, static_cast<int>(backlog)); !listening)
        return failure(listening.error());
    if (!options.get(opt::unlink_close, true)) out.entry.leave();
    return out;
}

}  // namespace

Result<Fd> unix_socket_towards(const Options& options) {
    auto socket = make_socket(Family::unix_domain, Blocking::no, options);
    if (!socket) return socket;
    if (auto set = set_buffer_options(socket->view(), options); !set) return failure(set.error());
    return socket;
}

Result<Bound> listen_unix(const UnixListen& at, const Options& options) {
    const auto address = unix_address(at.space, at.name);
    if (!address) return failure(address.error());
    return with_retries(options, [&] { return listen_name(at, *address, options); });
}

}  // namespace zc
