// What each type of value looks like, from text; option.cpp prints them.
#include "address/option_value.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "address/syntax.hpp"

namespace zc {
namespace {

using Value = std::optional<std::string_view>;

Failure bad_value(const OptionRule& rule, Value value, std::string_view wanted) {
    const std::string name = "option \"" + std::string(rule.name) + "\"";
    if (!value || value->empty()) return malformed(name + " needs a value: " + std::string(wanted));
    return malformed(name + ": \"" + shown(*value) + "\" is not " + std::string(wanted));
}

// A whole number in C notation (0x.., 0..), or in `base` when that is not 0.
template <class T>
bool read_number(std::string_view text, T& into, int base = 0) {
    if (base == 0) {
        base = 10;
        if (text.starts_with("0x") || text.starts_with("0X")) {
            base = 16;
            text.remove_prefix(2);
        } else if (text.size() > 1 && text[0] == '0') {
            base = 8;
        }
    }
    const auto read = std::from_chars(text.data(), text.data() + text.size(), into, base);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && !text.empty();
}

}  // namespace

Result<OptionValue> parse_value(const OptionRule& rule, Value value, Given) {
    if (value) return malformed("option \"" + std::string(rule.name) + "\" takes no value");
    return Given{};
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, bool) {
    if (!value || *value == "1") return true;
    if (*value == "0") return false;
    return bad_value(rule, value, "0 or 1");
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, std::int64_t) {
    std::int64_t number = 0;
    const bool read = value && read_number(*value, number);
    if (read && number >= rule.least && number <= rule.most) return number;
    return bad_value(rule, value,
                     "a number from " + std::to_string(rule.least) +
                         (rule.most == std::numeric_limits<std::int64_t>::max()
                              ? ""
                              : " to " + std::to_string(rule.most)));
}

// "1.5": finer than a millisecond is rounded up, so that a time is never 0 by accident.
Result<OptionValue> parse_value(const OptionRule& rule, Value value, std::chrono::milliseconds) {
    constexpr std::int64_t most_seconds = 1'000'000'000;
    const std::string_view text = value.value_or("");
    const auto dot = std::min(text.find('.'), text.size());
    const std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
    std::int64_t seconds = 0;
    const bool digits =
        std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!read_number(text.substr(0, dot), seconds, 10) || seconds < 0 || seconds > most_seconds ||
        !digits)
        return bad_value(rule, value, "a time in seconds");
    std::int64_t milliseconds = seconds * 1000;
    for (std::size_t i = 0, weight = 100; i < std::min<std::size_t>(3, fraction.size()); ++i) {
        milliseconds += (fraction[i] - '0') * static_cast<std::int64_t>(weight);
        weight /= 10;
    }
    if (fraction.find_first_not_of('0', std::min<std::size_t>(3, fraction.size())) !=
        std::string_view::npos)
        ++milliseconds;
    return std::chrono::milliseconds(milliseconds);
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, const std::string&) {
    if (!value || value->empty()) return bad_value(rule, value, "a text");
    return std::string(*value);
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, Mode) {
    unsigned bits = 0;
    if (value && read_number(*value, bits, 8) && bits <= 07777) return Mode{bits};
    return bad_value(rule, value, "a mode in octal");
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, const IpRange&) {
    constexpr std::string_view wanted = "a network as in 10.0.0.0/8 or [fd00::]/64";
    std::string_view network = value.value_or("");
    std::string_view mask;
    IpRange range;
    const auto cut = network.rfind(network.find('/') == std::string_view::npos ? ':' : '/');
    if (cut == std::string_view::npos) return bad_value(rule, value, wanted);
    const bool in_bits = network[cut] == '/';
    mask = network.substr(cut + 1);
    network = network.substr(0, cut);
    const bool bracketed = network.size() > 2 && network.front() == '[' && network.back() == ']';
    if (bracketed) network = network.substr(1, network.size() - 2);
    if (!parse_ip(network, range.network)) return bad_value(rule, value, wanted);
    const bool six = range.network.family == Family::ip6;
    if (six != bracketed) return bad_value(rule, value, wanted);
    if (in_bits) {
        int bits = 0;
        if (!read_number(mask, bits, 10) || bits < 0 || bits > (six ? 128 : 32))
            return bad_value(rule, value, wanted);
        range.mask = mask_of_bits(bits);
        return range;
    }
    IpBytes read;
    if (six || !parse_ip(mask, read) || read.family != Family::ip4)
        return bad_value(rule, value, wanted);
    range.mask = read.bytes;
    return range;
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, const BindTo&) {
    std::string_view text = value.value_or("");
    BindTo to;
    IpBytes numeric;
    if (text.starts_with('[') && text.find(']') != std::string_view::npos) {
        to.host = text.substr(1, text.find(']') - 1);
        text.remove_prefix(to.host.size() + 2);
        if (to.host.empty() || (!text.empty() && text[0] != ':'))
            return bad_value(rule, value, "an address as in [::1]:80");
    } else if (parse_ip(text, numeric)) {
        to.host = text;
        text = {};
    } else {
        to.host = text.substr(0, text.find(':'));
        text.remove_prefix(to.host.size());
    }
    if (!text.empty()) to.service = text.substr(1);
    const bool complete = text.empty() ? !to.host.empty() : is_service(to.service);
    if (!complete || !(to.host.empty() || is_host(to.host)))
        return bad_value(rule, value, "an address as in host:port, host or :port");
    return to;
}

Result<OptionValue> parse_value(const OptionRule& rule, Value value, Family) {
    const std::string text = lower(value.value_or(""));
    for (const char* name : {"ip4", "ipv4", "inet", "inet4", "2"})
        if (text == name) return Family::ip4;
    for (const char* name : {"ip6", "ipv6", "inet6", "10"})
        if (text == name) return Family::ip6;
    return bad_value(rule, value, "ip4 or ip6");
}

std::array<std::uint8_t, 16> mask_of_bits(int bits) {
    std::array<std::uint8_t, 16> mask{};
    for (std::size_t i = 0; i < mask.size(); ++i, bits -= 8)
        mask[i] = static_cast<std::uint8_t>(bits >= 8 ? 0xff : bits > 0 ? 0xff << (8 - bits) : 0);
    return mask;
}

bool is_host(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        return letter || (c >= '0' && c <= '9') || byte >= 0x80 ||
               std::string_view(".-_:%").find(c) != std::string_view::npos;
    });
}

bool is_service(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (std::all_of(text.begin(), text.end(), digit)) {
        unsigned port = 0;
        return read_number(text, port, 10) && port <= 65535;
    }
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("-_+.*").find(c) != std::string_view::npos;
    });
}

}  // namespace zc
