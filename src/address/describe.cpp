#include "address/describe.hpp"

#include <algorithm>
#include <vector>

#include "address/keyword.hpp"
#include "address/option_table.hpp"

namespace zc {
namespace {

struct GroupName {
    Groups group;
    std::string_view name;  // socat's, where it has one
};

constexpr GroupName group_names[] = {
    {groups::stream, "FD"},       {groups::pipe, "FIFO"},     {groups::socket, "SOCKET"},
    {groups::network, "NETNS"},   {groups::tcp, "TCP"},       {groups::ip_name, "IP"},
    {groups::connect, "CONNECT"}, {groups::listen, "LISTEN"}, {groups::bound, "BACKLOG"},
    {groups::ranged, "RANGE"},    {groups::retry, "RETRY"},   {groups::entry, "NAMED"},
    {groups::file, "OPEN"},       {groups::child, "EXEC"},
};

std::string groups_text(Groups groups) {
    std::string out;
    for (const GroupName& each : group_names) {
        if ((groups & each.group) == 0) continue;
        out += out.empty() ? "\tgroups=" : ",";
        out += each.name;
    }
    return out;
}

// What a word offers is asked of an address that it makes: 1 is a descriptor, a
// port, a host, a path and a command.
Groups offered_by(const Keyword& keyword) {
    const auto target = keyword.build(std::vector<std::string>(keyword.most_params, "1"));
    return target ? groups_of(*target) : Groups{};
}

std::string params_text(const Keyword& keyword) {
    std::string params(keyword.params);
    if (params.empty()) return params;
    return keyword.least_params == 0 ? "[:" + params + "]" : ":" + params;
}

}  // namespace

std::string describe_addresses() {
    std::string out;
    for (const Keyword& each : all_keywords())
        out +=
            "      " + upper(each.name) + params_text(each) + groups_text(offered_by(each)) + "\n";
    return out;
}

std::string describe_options() {
    std::vector<std::string> lines;
    for (const OptionRule& each : all_rules()) {
        const std::string name(each.name);
        lines.push_back(name + groups_text(each.groups) + "\ttype=" + std::string(each.type));
        for (const std::string_view alias : each.aliases)
            if (!alias.empty()) lines.push_back(std::string(alias) + " is an alias for " + name);
    }
    std::sort(lines.begin(), lines.end());
    std::string out;
    for (const std::string& each : lines) out += "      " + each + "\n";
    return out;
}

}  // namespace zc
