// The options of an address: their names, their types, and where they apply.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "kernel/result.hpp"
#include "kernel/socket_address.hpp"

namespace zc {

struct Given {  // an option that takes no value
    friend bool operator==(Given, Given) = default;
};
struct Mode {  // permission bits, written in octal
    unsigned bits = 0;
    friend bool operator==(Mode, Mode) = default;
};
struct IpRange {  // range=NET/BITS or NET:MASK
    IpBytes network;
    std::array<std::uint8_t, 16> mask{};
    [[nodiscard]] bool contains(const IpBytes& ip) const;
    friend bool operator==(const IpRange&, const IpRange&) = default;
};
struct BindTo {  // bind=[host][:port]
    std::string host;
    std::string service;
    friend bool operator==(const BindTo&, const BindTo&) = default;
};

using OptionValue = std::variant<Given, bool, std::int64_t, std::chrono::milliseconds, std::string,
                                 Mode, IpRange, BindTo, Family>;

// An option's name and, at compile time, the type of its value.
template <class T>
struct Key {
    std::string_view name;
};

namespace opt {
using Seconds = std::chrono::milliseconds;
using Number = std::int64_t;
using Text = std::string;

// Any stream: what the relay does with it, and how its end is passed on.
inline constexpr Key<bool> ignoreeof{"ignoreeof"};
inline constexpr Key<Number> readbytes{"readbytes"};
// One of many sinks (zc-tee): what becomes of it when it does not keep up.
inline constexpr Key<Text> slow{"slow"}, buffer{"buffer"};
inline constexpr Key<Seconds> slow_after{"slow-after"};
inline constexpr Key<Given> shut_none{"shut-none"}, shut_down{"shut-down"},
    shut_close{"shut-close"}, end_close{"end-close"};
// Who does it, and in which network.
inline constexpr Key<Text> su{"su"}, netns{"netns"};
// Listeners.
inline constexpr Key<bool> fork{"fork"};
inline constexpr Key<Number> max_children{"max-children"}, backlog{"backlog"};
inline constexpr Key<Seconds> accept_timeout{"accept-timeout"};
inline constexpr Key<IpRange> range{"range"};
// Sockets.
inline constexpr Key<Number> sourceport{"sourceport"}, keepidle{"keepidle"}, keepintvl{"keepintvl"},
    keepcnt{"keepcnt"}, sndbuf{"sndbuf"}, rcvbuf{"rcvbuf"};
inline constexpr Key<bool> lowport{"lowport"}, reuseaddr{"reuseaddr"}, reuseport{"reuseport"},
    ipv6only{"ipv6only"}, keepalive{"keepalive"}, nodelay{"nodelay"};
inline constexpr Key<BindTo> bind{"bind"};
inline constexpr Key<Family> pf{"pf"};
inline constexpr Key<Seconds> connect_timeout{"connect-timeout"}, interval{"interval"};
inline constexpr Key<Number> retry{"retry"};
inline constexpr Key<bool> forever{"forever"};
// Files, FIFOs and socket entries.
inline constexpr Key<Number> pipe_bytes{"f-setpipe-sz"};
inline constexpr Key<Mode> mode{"mode"}, umask{"umask"};
inline constexpr Key<Text> user{"user"}, group{"group"};
inline constexpr Key<bool> unlink_early{"unlink-early"}, unlink_close{"unlink-close"},
    creat{"creat"}, excl{"excl"}, append{"append"}, trunc{"trunc"}, noatime{"o-noatime"};
inline constexpr Key<Given> rdonly{"rdonly"}, wronly{"wronly"};
// Children.
inline constexpr Key<Given> pipes{"pipes"}, with_stderr{"stderr"}, sigint{"sigint"};
inline constexpr Key<bool> setsid{"setsid"}, nofork{"nofork"};
inline constexpr Key<Text> chdir{"chdir"};
inline constexpr Key<Number> fdin{"fdin"}, fdout{"fdout"};
}  // namespace opt

// What an address offers to options; an option names the groups it needs.
using Groups = unsigned;
namespace groups {
inline constexpr Groups stream = 1, listen = 2, bound = 4, retry = 8, connect = 16, socket = 32,
                        tcp = 64, ip_name = 128, ranged = 256, entry = 512, file = 1024,
                        child = 2048, pipe = 4096, network = 8192;
}

struct Option {
    std::string_view name;  // the canonical one, in static storage
    OptionValue value;
    friend bool operator==(const Option&, const Option&) = default;
};

// The options of one address in the order given; of a repeated one the last counts.
class Options {
public:
    void add(Option option) { list_.push_back(std::move(option)); }
    [[nodiscard]] const std::vector<Option>& list() const { return list_; }

    // The value, or null when the option was not given.
    template <class T>
    [[nodiscard]] const T* find(Key<T> key) const {
        for (auto it = list_.rbegin(); it != list_.rend(); ++it)
            if (it->name == key.name) return std::get_if<T>(&it->value);
        return nullptr;
    }
    template <class T>
    [[nodiscard]] T get(Key<T> key, std::type_identity_t<T> otherwise) const {
        const T* found = find(key);
        return found != nullptr ? *found : otherwise;
    }
    [[nodiscard]] bool on(Key<Given> key) const { return find(key) != nullptr; }
    [[nodiscard]] bool on(Key<bool> key) const { return get(key, false); }

    friend bool operator==(const Options&, const Options&) = default;

private:
    std::vector<Option> list_;
};

// Takes    a name in any case, the text after `=` if there was one (quotes and
//          escapes already taken out), and what the address offers.
// Errors   bad_address for an unknown name, a name that does not apply there,
//          or a value that is missing, unwanted or out of range; unavailable
//          for what socat knows and zc does not do.
[[nodiscard]] Result<Option> parse_option(std::string_view name,
                                          std::optional<std::string_view> value, Groups offered);

// The option as parse_address() reads it.
[[nodiscard]] std::string print(const Option& option);

}  // namespace zc
