// Addresses in canonical words.
#include "address/address.hpp"
#include "address/syntax.hpp"

namespace zc {
namespace {

std::string ip_word(Family family) {
    switch (family) {
        case Family::ip4: return "TCP4";
        case Family::ip6: return "TCP6";
        case Family::any:
        case Family::unix_domain: break;
    }
    return "TCP";
}

std::string unix_word(UnixSpace space) {
    return space == UnixSpace::abstract ? "ABSTRACT" : "UNIX";
}

std::string host_text(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

struct TargetText {
    std::string operator()(const Stdio&) const { return "STDIO"; }
    std::string operator()(const FdNumber& it) const { return "FD:" + std::to_string(it.number); }
    std::string operator()(const OpenFile& it) const {
        const char* word = "OPEN:";
        if (it.how == OpenFile::How::create) word = "CREATE:";
        if (it.how == OpenFile::How::gopen) word = "GOPEN:";
        return word + escape(it.path);
    }
    std::string operator()(const PipeAddress& it) const {
        return it.path.empty() ? "PIPE" : "PIPE:" + escape(it.path);
    }
    std::string operator()(const TcpConnect& it) const {
        return ip_word(it.family) + ":" + host_text(it.host) + ":" + it.service;
    }
    std::string operator()(const TcpListen& it) const {
        return ip_word(it.family) + "-LISTEN:" + it.service;
    }
    std::string operator()(const UnixConnect& it) const {
        return unix_word(it.space) + "-CONNECT:" + escape(it.name);
    }
    std::string operator()(const UnixListen& it) const {
        return unix_word(it.space) + "-LISTEN:" + escape(it.name);
    }
    std::string operator()(const Exec& it) const { return "EXEC:" + escape(it.command); }
    std::string operator()(const Shell& it) const { return "SYSTEM:" + escape(it.command); }
    std::string operator()(const AcceptFd& it) const {
        return "ACCEPT-FD:" + std::to_string(it.number);
    }
};

}  // namespace

std::string print(const SimpleAddress& address) {
    std::string out = std::visit(TargetText{}, address.target);
    for (const Option& option : address.options.list()) out += "," + print(option);
    return out;
}

std::string print(const Address& address) {
    std::string out = print(address.read);
    if (address.write) out += "!!" + print(*address.write);
    return out;
}

std::string label_of(const SimpleAddress& address) {
    if (const auto* file = std::get_if<OpenFile>(&address.target)) return file->path;
    if (const auto* exec = std::get_if<Exec>(&address.target)) return "EXEC:" + exec->command;
    if (const auto* shell = std::get_if<Shell>(&address.target)) return "SYSTEM:" + shell->command;
    return std::visit(TargetText{}, address.target);
}

}  // namespace zc
