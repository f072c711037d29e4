#include "address/keyword.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "address/option_table.hpp"

namespace zc {
namespace {

using Params = std::vector<std::string>;

template <int number>
Result<Target> standard(const Params&) {
    return FdNumber{number};
}

Result<Target> stdio(const Params&) { return Stdio{}; }

template <class T>
Result<Target> descriptor(const Params& params) {
    auto number = parse_descriptor(params[0]);
    if (!number) return failure(number.error());
    return T{*number};
}

Result<void> check_path(const std::string& path) {
    if (path.empty()) return malformed("path is missing");
    return {};
}

template <OpenFile::How how>
Result<Target> file(const Params& params) {
    if (auto good = check_path(params[0]); !good) return failure(good.error());
    return OpenFile{how, params[0]};
}

Result<Target> pipe(const Params& params) {
    if (params.empty()) return PipeAddress{};
    if (auto good = check_path(params[0]); !good) return failure(good.error());
    return PipeAddress{params[0]};
}

Result<void> check_service(const std::string& service) {
    if (service.empty()) return malformed("port is missing");
    if (!is_service(service))
        return malformed("\"" + shown(service) + "\" is neither a port number nor a service name");
    return {};
}

template <Family family>
Result<Target> tcp_connect(const Params& params) {
    std::string host = params[0];
    if (host.size() > 1 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.empty()) return malformed("host is missing");
    if (!is_host(host)) return malformed("\"" + shown(host) + "\" is not a host name");
    if (auto good = check_service(params[1]); !good) return failure(good.error());
    return TcpConnect{family, host, params[1]};
}

template <Family family>
Result<Target> tcp_listen(const Params& params) {
    if (auto good = check_service(params[0]); !good) return failure(good.error());
    return TcpListen{family, params[0]};
}

template <class T, UnixSpace space>
Result<Target> unix_socket(const Params& params) {
    if (params[0].empty()) return malformed("socket name is missing");
    if (params[0].size() > unix_name_bytes)
        return malformed("\"" + shown(params[0]) + "\" is too long (at most " +
                         std::to_string(unix_name_bytes) + " bytes)");
    return T{space, params[0]};
}

Result<Target> exec(const Params& params) {
    if (auto words = split_command(params[0]); !words) return failure(words.error());
    return Exec{params[0]};
}

Result<Target> shell(const Params& params) {
    if (params[0].empty()) return malformed("command is missing");
    return Shell{params[0]};
}

constexpr Keyword one(std::string_view name, std::string_view param,
                      Result<Target> (*build)(const Params&)) {
    return {name, param, 1, 1, Quotes::drop, build};
}

constexpr auto unix_c = unix_socket<UnixConnect, UnixSpace::filesystem>;
constexpr auto unix_l = unix_socket<UnixListen, UnixSpace::filesystem>;
constexpr auto abstract_c = unix_socket<UnixConnect, UnixSpace::abstract>;
constexpr auto abstract_l = unix_socket<UnixListen, UnixSpace::abstract>;

constexpr std::array keywords{
    Keyword{"-", "", 0, 0, Quotes::drop, stdio},
    Keyword{"stdio", "", 0, 0, Quotes::drop, stdio},
    Keyword{"stdin", "", 0, 0, Quotes::drop, standard<0>},
    Keyword{"stdout", "", 0, 0, Quotes::drop, standard<1>},
    Keyword{"stderr", "", 0, 0, Quotes::drop, standard<2>},
    one("fd", "<num>", descriptor<FdNumber>),
    one("accept-fd", "<num>", descriptor<AcceptFd>),
    one("accept", "<num>", descriptor<AcceptFd>),
    one("open", "<filename>", file<OpenFile::How::open>),
    one("file", "<filename>", file<OpenFile::How::open>),
    one("create", "<filename>", file<OpenFile::How::create>),
    one("creat", "<filename>", file<OpenFile::How::create>),
    one("gopen", "<filename>", file<OpenFile::How::gopen>),
    Keyword{"pipe", "<filename>", 0, 1, Quotes::drop, pipe},
    Keyword{"fifo", "<filename>", 0, 1, Quotes::drop, pipe},
    Keyword{"echo", "<filename>", 0, 1, Quotes::drop, pipe},
    Keyword{"tcp", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::any>},
    Keyword{"tcp-connect", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::any>},
    Keyword{"tcp4", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::ip4>},
    Keyword{"tcp4-connect", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::ip4>},
    Keyword{"tcp6", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::ip6>},
    Keyword{"tcp6-connect", "<host>:<port>", 2, 2, Quotes::drop, tcp_connect<Family::ip6>},
    one("tcp-listen", "<port>", tcp_listen<Family::any>),
    one("tcp-l", "<port>", tcp_listen<Family::any>),
    one("tcp4-listen", "<port>", tcp_listen<Family::ip4>),
    one("tcp4-l", "<port>", tcp_listen<Family::ip4>),
    one("tcp6-listen", "<port>", tcp_listen<Family::ip6>),
    one("tcp6-l", "<port>", tcp_listen<Family::ip6>),
    one("unix", "<filename>", unix_c),
    one("local", "<filename>", unix_c),
    one("unix-connect", "<filename>", unix_c),
    one("unix-client", "<filename>", unix_c),
    one("unix-listen", "<filename>", unix_l),
    one("unix-l", "<filename>", unix_l),
    one("abstract", "<string>", abstract_c),
    one("abstract-connect", "<string>", abstract_c),
    one("abstract-client", "<string>", abstract_c),
    one("abstract-listen", "<string>", abstract_l),
    one("abstract-l", "<string>", abstract_l),
    Keyword{"exec", "<command-line>", 1, 1, Quotes::keep, exec},
    Keyword{"system", "<shell-command>", 1, 1, Quotes::keep, shell},
    Keyword{"shell", "<shell-command>", 1, 1, Quotes::keep, shell},
};

// The families of words that socat has and zc has not: the word itself, or the
// word, maybe 4 or 6, and "-something".
constexpr std::string_view foreign_families[] = {
    "udp",      "udplite", "sctp",     "dccp",   "ip",    "openssl",   "ssl",
    "dtls",     "socks",   "socks4a",  "socks5", "proxy", "vsock",     "pty",
    "tun",      "tap",     "readline", "socket", "if",    "interface", "dgram",
    "datagram", "inet",    "posixmq",  "sendto", "unix",  "abstract",  "socketpair"};

bool is_foreign(std::string_view name) {
    std::string_view family = name.substr(0, name.find('-'));
    const auto known = [&] {
        return std::find(std::begin(foreign_families), std::end(foreign_families), family) !=
               std::end(foreign_families);
    };
    if (known()) return true;
    if (family.empty() || (family.back() != '4' && family.back() != '6')) return false;
    family.remove_suffix(1);
    return known();
}

using namespace groups;  // NOLINT: the overloads below are a table

constexpr Groups program = stream | socket | network | child | groups::pipe;

struct GroupsOf {
    Groups operator()(const Stdio&) const { return stream | groups::pipe; }
    Groups operator()(const FdNumber&) const { return stream | groups::pipe; }
    Groups operator()(const OpenFile&) const {
        return stream | groups::pipe | groups::file | entry;
    }
    Groups operator()(const PipeAddress& it) const {
        return stream | groups::pipe | (it.path.empty() ? 0 : entry);
    }
    Groups operator()(const TcpConnect&) const {
        return stream | socket | network | tcp | ip_name | connect | retry;
    }
    Groups operator()(const TcpListen&) const {
        return stream | socket | network | tcp | ip_name | listen | bound | ranged | retry;
    }
    Groups operator()(const UnixConnect&) const { return stream | socket | network | retry; }
    Groups operator()(const UnixListen& it) const {
        const bool named = it.space == UnixSpace::filesystem;
        return stream | socket | network | listen | bound | retry | (named ? entry : 0);
    }
    Groups operator()(const Exec&) const { return program; }
    Groups operator()(const Shell&) const { return program; }
    Groups operator()(const AcceptFd&) const { return stream | socket | tcp | listen | ranged; }
};

}  // namespace

std::span<const Keyword> all_keywords() { return keywords; }

Result<const Keyword*> find_keyword(std::string_view typed) {
    const std::string name = lower(typed);
    const auto* found = std::find_if(keywords.begin(), keywords.end(),
                                     [&](const Keyword& row) { return row.name == name; });
    if (found != keywords.end()) return found;
    if (is_foreign(name)) return unsupported(upper(shown(typed)) + " is not supported");
    return malformed("unknown address \"" + shown(typed) + "\"");
}

Result<int> parse_descriptor(std::string_view digits) {
    int number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || number < 0)
        return malformed("\"" + shown(digits) + "\" is not a descriptor's number");
    return number;
}

Groups groups_of(const Target& target) { return std::visit(GroupsOf{}, target); }

}  // namespace zc
