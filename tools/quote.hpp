// File names in messages.
#pragma once

#include <string>
#include <string_view>

namespace zc::tool {

// A name as GNU programs show it: as it is when a shell would read it back so,
// else quoted so that it can be pasted into one, on one line.
//
// Source   quotearg's shell-escape style of gnulib, in a UTF-8 locale.
[[nodiscard]] std::string shell_quoted(std::string_view name);

// An address as it was typed; quoted only where it would break the line.
[[nodiscard]] std::string one_line(std::string_view label);

}  // namespace zc::tool
