// The seam: users and groups. Rules as in sys.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/result.hpp"

namespace zc::sys {

// Takes    a name, or a decimal number.
// Errors   unresolved when there is no such user or group.
Result<std::uint32_t> user_number(const std::string& name);
Result<std::uint32_t> group_number(const std::string& name);

// Who a process can be.
struct Identity {
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::vector<std::uint32_t> groups;  // all it is in; sorted, each once
    std::string name, home, shell;
};

// Takes    a name, or the decimal number of a user that has one.
// Errors   unresolved when there is no such user.
Result<Identity> identity_of(const std::string& user);

// Whether this process is that user and nothing else, in every respect.
[[nodiscard]] bool is_already(const Identity& identity);

// Makes every thread of this process that user, with no way back: groups, then
// group, then user.
//
// Order    allocates nothing: for the time between fork(2) and exec(3), too.
// Errors   EPERM for whoever is not root, also when is_already().
Result<void> become(const Identity& identity);

}  // namespace zc::sys
