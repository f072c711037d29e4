// Shared by the sys_*linux.cpp files only: one call, EINTR retried, errno captured once.
#pragma once

#include <cerrno>

#include "kernel/result.hpp"

namespace zc::sys {

template <class Call>
auto checked(const char* operation, Call call) -> Result<decltype(call())> {
    for (;;) {
        const auto answer = call();
        if (answer >= 0) return answer;
        if (errno != EINTR) return failure(Error::system(operation, errno));
    }
}

template <class Call>
Result<std::size_t> counted(const char* operation, Call call) {
    return checked(operation, call).map([](auto n) { return static_cast<std::size_t>(n); });
}

template <class Call>
Result<void> done(const char* operation, Call call) {
    return checked(operation, call).map([](auto) {});
}

}  // namespace zc::sys
