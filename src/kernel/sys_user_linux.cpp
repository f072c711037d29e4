// The system calls of sys_user.hpp, as Linux has them.
#include "kernel/sys_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/sys_call.hpp"

namespace zc::sys {
namespace {

bool read_number(const std::string& text, std::uint32_t& into) {
    constexpr std::uint32_t nobody = ~std::uint32_t{0};  // chown(2): leave it as it is
    const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && into != nobody;
}

// Calls `use` with the record that `find` finds: getpwnam_r, getgrnam_r, ... want a
// buffer of a size nobody knows, and the record points into it.
template <class Record, class Key, class Find, class Use>
auto with_record(const char* operation, const std::string& name, Key key, Find find, Use use)
    -> Result<decltype(use(Record{}))> {
    std::vector<char> buffer(1024);
    for (;;) {
        Record record{};
        Record* found = nullptr;
        const int code = find(key, &record, buffer.data(), buffer.size(), &found);
        if (code == ERANGE && buffer.size() < 1024 * 1024) {
            buffer.resize(buffer.size() * 4);
            continue;
        }
        if (code == EINTR) continue;
        if (found != nullptr) return use(record);
        return failure(
            Error::told(Errc::unresolved, operation, "\"" + name + "\" is not known here"));
    }
}

std::vector<std::uint32_t> groups_of(const passwd& user) {
    std::vector<gid_t> groups(32);
    for (;;) {
        int count = static_cast<int>(groups.size());
        if (::getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) >= 0) {
            groups.resize(static_cast<std::size_t>(count));
            break;
        }
        groups.resize(std::max(groups.size() * 2, static_cast<std::size_t>(count)));
    }
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
}

Identity identity_in(const passwd& user) {
    return {user.pw_uid, user.pw_gid, groups_of(user), user.pw_name, user.pw_dir, user.pw_shell};
}

}  // namespace

Result<std::uint32_t> user_number(const std::string& name) {
    std::uint32_t number = 0;
    if (read_number(name, number)) return number;
    return with_record<passwd>("getpwnam", name, name.c_str(), ::getpwnam_r,
                               [](const passwd& it) { return std::uint32_t{it.pw_uid}; });
}

Result<std::uint32_t> group_number(const std::string& name) {
    std::uint32_t number = 0;
    if (read_number(name, number)) return number;
    return with_record<group>("getgrnam", name, name.c_str(), ::getgrnam_r,
                              [](const group& it) { return std::uint32_t{it.gr_gid}; });
}

Result<Identity> identity_of(const std::string& user) {
    std::uint32_t number = 0;
    if (read_number(user, number))
        return with_record<passwd>("getpwuid", user, uid_t{number}, ::getpwuid_r, identity_in);
    return with_record<passwd>("getpwnam", user, user.c_str(), ::getpwnam_r, identity_in);
}

bool is_already(const Identity& identity) {
    std::array<uid_t, 3> users{};
    std::array<gid_t, 3> own{};
    if (::getresuid(&users[0], &users[1], &users[2]) != 0) return false;
    if (::getresgid(&own[0], &own[1], &own[2]) != 0) return false;
    const auto same = [](const auto& numbers, std::uint32_t wanted) {
        return std::all_of(numbers.begin(), numbers.end(),
                           [&](std::uint32_t each) { return each == wanted; });
    };
    std::vector<gid_t> groups(65536);  // NGROUPS_MAX
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    if (count < 0) return false;
    groups.resize(static_cast<std::size_t>(count));
    std::sort(groups.begin(), groups.end());
    return same(users, identity.user) && same(own, identity.group) && groups == identity.groups;
}

Result<void> become(const Identity& identity) {
    auto set = done("setgroups",
                    [&] { return ::setgroups(identity.groups.size(), identity.groups.data()); });
    if (set) set = done("setgid", [&] { return ::setgid(identity.group); });
    if (set) set = done("setuid", [&] { return ::setuid(identity.user); });
    return set;
}

}  // namespace zc::sys
