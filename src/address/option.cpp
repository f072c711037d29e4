// What each type of value looks like in text, both ways.
#include "address/option.hpp"

#include <charconv>

#include "address/option_table.hpp"
#include "address/syntax.hpp"

namespace zc {
namespace {

std::string number_text(std::chrono::milliseconds time) {
    std::string out = std::to_string(time.count() / 1000);
    if (const auto rest = time.count() % 1000; rest != 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        digits.resize(digits.find_last_not_of('0') + 1);
        out += "." + digits;
    }
    return out;
}

int bits_of(const IpRange& range) {
    int bits = 0;
    for (const std::uint8_t byte : range.mask) bits += __builtin_popcount(byte);
    return bits;
}

std::string range_text(const IpRange& range) {
    const std::string network = print_ip(range.network);
    if (range.network.family == Family::ip6)
        return "[" + network + "]/" + std::to_string(bits_of(range));
    if (mask_of_bits(bits_of(range)) == range.mask)
        return network + "/" + std::to_string(bits_of(range));
    return network + ":" + print_ip(IpBytes{Family::ip4, range.mask});
}

std::string bind_text(const BindTo& to) {
    std::string out = to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]";
    if (!to.service.empty()) out += ":" + to.service;
    return out;
}

struct ValueText {
    std::string operator()(Given) const { return {}; }
    std::string operator()(bool on) const { return on ? "" : "=0"; }
    std::string operator()(std::int64_t number) const { return "=" + std::to_string(number); }
    std::string operator()(std::chrono::milliseconds time) const { return "=" + number_text(time); }
    std::string operator()(const std::string& text) const { return "=" + escape(text); }
    std::string operator()(Mode mode) const {
        std::array<char, 12> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), mode.bits, 8).ptr;
        return "=0" + std::string(digits.begin(), end);
    }
    std::string operator()(const IpRange& range) const { return "=" + range_text(range); }
    std::string operator()(const BindTo& to) const { return "=" + bind_text(to); }
    std::string operator()(Family family) const { return family == Family::ip6 ? "=ip6" : "=ip4"; }
};

}  // namespace

bool IpRange::contains(const IpBytes& ip) const {
    if (ip.family != network.family) return false;
    for (std::size_t i = 0; i < mask.size(); ++i)
        if ((ip.bytes[i] & mask[i]) != (network.bytes[i] & mask[i])) return false;
    return true;
}

Result<Option> parse_option(std::string_view name, std::optional<std::string_view> value,
                            Groups offered) {
    const std::string wanted = lower(name);
    const OptionRule* rule = find_rule(wanted);
    if (rule == nullptr) {
        const std::string quoted = "option \"" + shown(name) + "\"";
        if (is_foreign_option(wanted)) return unsupported(quoted + " is not supported");
        return malformed("unknown " + quoted);
    }
    if ((rule->groups & offered) == 0)
        return malformed("option \"" + shown(name) + "\" does not apply to this address");
    auto parsed = rule->parse(*rule, value);
    if (!parsed) return failure(parsed.error());
    return Option{rule->name, std::move(*parsed)};
}

std::string print(const Option& option) {
    return std::string(option.name) + std::visit(ValueText{}, option.value);
}

}  // namespace zc
