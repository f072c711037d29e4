// The parser: pieces of text (syntax.hpp) against the keyword and option tables.
#include "address/address.hpp"

#include <algorithm>
#include <array>

#include "address/keyword.hpp"
#include "address/option_table.hpp"
#include "address/syntax.hpp"

namespace zc {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string many(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " parameter" : " parameters");
}

Result<std::vector<std::string>> parse_params(Scanner& scanner, Quotes quotes) {
    std::vector<std::string> params;
    while (scanner.take(":")) {
        auto param = scanner.piece(":,!", quotes);
        if (!param) return failure(param.error());
        params.push_back(std::move(*param));
    }
    return params;
}

// What comes before the options.
Result<Target> parse_target(Scanner& scanner) {
    const std::size_t start = scanner.position();
    auto word = scanner.piece(":,!", Quotes::drop);
    if (!word) return failure(word.error());
    if (word->empty()) return malformed("address is empty");
    if (word->find('/') != std::string::npos) {
        scanner.go_back(start);
        auto path = scanner.piece(",!", Quotes::drop);
        if (!path) return failure(path.error());
        return OpenFile{OpenFile::How::gopen, std::move(*path)};
    }
    const bool bare_number = is_number(*word);
    auto keyword = find_keyword(bare_number ? "fd" : *word);
    if (!keyword) return failure(keyword.error());
    auto params = parse_params(scanner, (*keyword)->quotes);
    if (!params) return failure(params.error());
    if (bare_number) params->insert(params->begin(), *word);
    if (params->size() < (*keyword)->least_params || params->size() > (*keyword)->most_params)
        return malformed("\"" + shown(*word) + "\" takes " + many((*keyword)->most_params) +
                         ", not " + std::to_string(params->size()));
    return (*keyword)->build(*params);
}

Result<Options> parse_options(Scanner& scanner, Groups offered) {
    Options options;
    while (scanner.take(",")) {
        auto name = scanner.piece("=,!", Quotes::drop);
        if (!name) return failure(name.error());
        if (name->empty()) return malformed("name of an option is missing");
        std::optional<std::string> value;
        if (scanner.take("=")) {
            auto text = scanner.piece(",!", Quotes::drop);
            if (!text) return failure(text.error());
            value = std::move(*text);
        }
        auto option = parse_option(*name, value, offered);
        if (!option) return failure(option.error());
        options.add(std::move(*option));
    }
    return options;
}

// A program that works on the other address itself leaves us no stream.
Result<void> check_nofork(const Options& options) {
    if (!options.on(opt::nofork)) return {};
    constexpr std::array of_streams{opt::pipes.name,     opt::sndbuf.name,    opt::rcvbuf.name,
                                    opt::readbytes.name, opt::ignoreeof.name, opt::shut_down.name};
    for (const Option& each : options.list())
        if (std::find(of_streams.begin(), of_streams.end(), each.name) != of_streams.end())
            return malformed("options \"nofork\" and \"" + std::string(each.name) +
                             "\" exclude each other");
    return {};
}

// Options that are each fine and together are not.
Result<void> check_together(const SimpleAddress& address) {
    const Options& options = address.options;
    if (auto good = check_nofork(options); !good) return good;
    const auto* file = std::get_if<OpenFile>(&address.target);
    const bool children = (groups_of(address.target) & groups::child) != 0;
    if (options.find(opt::max_children) != nullptr && !options.on(opt::fork))
        return malformed("option \"max-children\" needs \"fork\"");
    if (options.on(opt::rdonly) && options.on(opt::wronly))
        return malformed("options \"rdonly\" and \"wronly\" exclude each other");
    if (options.on(opt::lowport) && options.find(opt::sourceport) != nullptr)
        return malformed("options \"lowport\" and \"sourceport\" exclude each other");
    if (file != nullptr && file->how == OpenFile::How::open && options.on(opt::excl) &&
        !options.on(opt::creat))
        return malformed("option \"excl\" needs \"creat\"");
    if (children && options.find(opt::pipe_bytes) != nullptr && !options.on(opt::pipes))
        return malformed("option \"f-setpipe-sz\" needs \"pipes\"");
    const bool for_sockets = options.find(opt::sndbuf) != nullptr ||
                             options.find(opt::rcvbuf) != nullptr || options.on(opt::shut_down);
    if (children && options.on(opt::pipes) && for_sockets)
        return malformed("option \"pipes\" leaves no socket to set options of");
    const BindTo* bind = options.find(opt::bind);
    const bool listens = std::holds_alternative<TcpListen>(address.target);
    if (bind != nullptr && !bind->service.empty() &&
        (listens || options.find(opt::sourceport) != nullptr || options.on(opt::lowport)))
        return malformed("option \"bind\": the port is given twice");
    return {};
}

Result<SimpleAddress> parse_simple(Scanner& scanner) {
    auto target = parse_target(scanner);
    if (!target) return failure(target.error());
    auto options = parse_options(scanner, groups_of(*target));
    if (!options) return failure(options.error());
    SimpleAddress address{std::move(*target), std::move(*options)};
    if (auto good = check_together(address); !good) return failure(good.error());
    return address;
}

Result<Address> parse_whole(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return malformed("contains a NUL byte");
    Scanner scanner(text);
    auto first = parse_simple(scanner);
    if (!first) return failure(first.error());
    Address address{std::move(*first), std::nullopt};
    if (scanner.at_end()) return address;
    if (!scanner.take("!!")) return malformed("text follows the address");
    auto second = parse_simple(scanner);
    if (!second) return failure(second.error());
    if (!scanner.at_end()) return malformed("more than one \"!!\"");
    for (const auto& key : {opt::fork, opt::nofork})
        if (address.read.options.on(key) || second->options.on(key))
            return malformed("option \"" + std::string(key.name) + "\" does not go with \"!!\"");
    address.write = std::move(*second);
    return address;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    auto address = parse_whole(text);
    if (!address) return failure(address.error().about(shown(text)));
    return address;
}

bool is_listener(const SimpleAddress& address) {
    return (groups_of(address.target) & groups::listen) != 0;
}

bool is_listener(const Address& address) { return !address.write && is_listener(address.read); }

bool forks(const Address& address) {
    return is_listener(address) && address.read.options.on(opt::fork);
}

bool is_nofork(const Address& address) { return address.read.options.on(opt::nofork); }

}  // namespace zc
