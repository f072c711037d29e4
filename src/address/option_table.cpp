#include "address/option_table.hpp"

#include <algorithm>
#include <limits>

#include "address/option_value.hpp"

namespace zc {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t int_limit = std::numeric_limits<int>::max();

template <class T>
constexpr std::string_view type_of = "STRING";
template <>
constexpr std::string_view type_of<Given> = "CONST";
template <>
constexpr std::string_view type_of<bool> = "BOOL";
template <>
constexpr std::string_view type_of<std::int64_t> = "INT";
template <>
constexpr std::string_view type_of<std::chrono::milliseconds> = "STRUCT-TIMEVAL";
template <>
constexpr std::string_view type_of<Mode> = "MODE_T";

template <class T>
constexpr OptionRule row(Key<T> key, Groups where, std::array<std::string_view, 3> aliases = {},
                         std::int64_t least = 0, std::int64_t most = int_limit) {
    return {key.name,
            aliases,
            where,
            type_of<T>,
            least,
            most,
            [](const OptionRule& rule, std::optional<std::string_view> value) {
                return parse_value(rule, value, T{});
            }};
}

using namespace groups;  // NOLINT: the table reads as a table

const std::array rows{
    row(opt::ignoreeof, stream, {"ignoreof"}),
    row(opt::readbytes, stream, {"bytes"}, 1, no_limit),
    row(opt::slow, stream),
    row(opt::slow_after, stream),
    row(opt::buffer, stream),
    row(opt::shut_none, stream),
    row(opt::shut_down, socket),
    row(opt::shut_close, stream),
    row(opt::end_close, child | socket),
    row(opt::su, stream, {"substuser"}),
    row(opt::netns, network),
    row(opt::fork, listen),
    row(opt::max_children, listen, {"maxchildren"}, 1),
    row(opt::backlog, bound, {}, 1),
    row(opt::accept_timeout, listen, {"listen-timeout"}),
    row(opt::range, ranged),
    row(opt::sourceport, ip_name, {"sp"}, 1, 65535),
    row(opt::lowport, ip_name),
    row(opt::bind, ip_name),
    row(opt::reuseaddr, ip_name, {"so-reuseaddr"}),
    row(opt::reuseport, ip_name, {"so-reuseport"}),
    row(opt::pf, ip_name, {"protocol-family"}),
    row(opt::ipv6only, ip_name, {"ipv6-v6only"}),
    row(opt::connect_timeout, connect),
    row(opt::retry, retry),
    row(opt::forever, retry),
    row(opt::interval, retry, {"intervall"}),
    row(opt::keepalive, tcp, {"so-keepalive"}),
    row(opt::keepidle, tcp, {"tcp-keepidle"}, 1, 32767),
    row(opt::keepintvl, tcp, {"tcp-keepintvl"}, 1, 32767),
    row(opt::keepcnt, tcp, {"tcp-keepcnt"}, 1, 127),
    row(opt::nodelay, tcp, {"tcp-nodelay"}),
    row(opt::sndbuf, socket, {"so-sndbuf"}, 1),
    row(opt::rcvbuf, socket, {"so-rcvbuf"}, 1),
    row(opt::pipe_bytes, pipe, {"pipesz", "f_setpipe_sz"}, 1),
    row(opt::mode, entry, {"perm"}),
    row(opt::umask, entry),
    row(opt::user, entry, {"uid", "owner"}),
    row(opt::group, entry, {"gid"}),
    row(opt::unlink_early, entry, {"unlink"}),
    row(opt::unlink_close, entry),
    row(opt::creat, file, {"create", "o-creat", "o_creat"}),
    row(opt::excl, file, {"o-excl", "o_excl"}),
    row(opt::append, file, {"o-append", "o_append"}),
    row(opt::trunc, file, {"o-trunc", "o_trunc"}),
    row(opt::noatime, file, {"o_noatime", "noatime"}),
    row(opt::rdonly, file, {"o-rdonly", "o_rdonly"}),
    row(opt::wronly, file, {"o-wronly", "o_wronly"}),
    row(opt::pipes, child),
    row(opt::nofork, child),
    row(opt::with_stderr, child),
    row(opt::sigint, child),
    row(opt::setsid, child, {"sid"}),
    row(opt::chdir, child, {"cd"}),
    row(opt::fdin, child, {}, 0, 1023),
    row(opt::fdout, child, {}, 0, 1023),
};

// What socat's manual has and zc refuses by name: terminals, TLS, raw IP,
// datagrams, and what would change the whole process.
constexpr std::string_view foreign_names =
    " "
    "allow-table async bindtodevice broadcast cafile capath cert certificate chroot "
    "cipher cloexec commonname cool-write coolwrite cork cr crlf crnl ctty defer-accept "
    "deny-table direct directory dontroute dsync echo escape exec-delay flock flock-ex "
    "flock-sh freebind ftruncate group-early group-late hup icanon if interface "
    "ip-transparent key linger linger2 link lock lockfile login mss mtu new noctty "
    "nofollow nonblock null-eof o-async o-direct o-directory o-dsync o-noctty "
    "o-nofollow o-nonblock o-rdwr o-sync o_nonblock o_rdwr o_sync openpty openssl-verify "
    "path perm-early perm-late pgid priority proxyauth proxyport ptmx pty quickack raw "
    "rawer rdwr sane seek seek-end seek-set setgid setlk setpgid setsockopt setuid "
    "shut-null sighup sigquit so-bindtodevice so-linger so-priority socksport "
    "socksuser socktype su-d sync tcpwrap tcpwrappers tos transparent ttl "
    "unlink-late user-early user-late verify wait-slave ";

}  // namespace

std::span<const OptionRule> all_rules() { return rows; }

const OptionRule* find_rule(std::string_view name) {
    if (name.empty()) return nullptr;
    for (const OptionRule& rule : rows)
        if (rule.name == name ||
            std::find(rule.aliases.begin(), rule.aliases.end(), name) != rule.aliases.end())
            return &rule;
    return nullptr;
}

bool is_foreign_option(std::string_view name) {
    return name.find(' ') == std::string_view::npos &&
           foreign_names.find(" " + std::string(name) + " ") != std::string_view::npos;
}

}  // namespace zc
