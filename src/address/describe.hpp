// The addresses and options there are, for help; from the tables that parse them.
#pragma once

#include <string>

namespace zc {

// Returns  one line each, in the shape of `socat -hh`:
//          "      TCP-LISTEN:<port>\tgroups=FD,SOCKET,..."
//          "      fork\tgroups=LISTEN\ttype=BOOL"
//          "      perm is an alias for mode"
//          An option goes with every address that has one of its groups.
[[nodiscard]] std::string describe_addresses();
[[nodiscard]] std::string describe_options();

}  // namespace zc
