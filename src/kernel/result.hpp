// How every call of the library answers: a value, or one Error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace zc {

// What kind of failure an Error tells.
enum class Errc : std::uint8_t {
    system,       // the kernel said no: `code` is the errno
    bad_address,  // an address does not follow the grammar of zc-address(7)
    unavailable,  // understood, but this build does not do it
    unresolved,   // a host or service name has no address
    timed_out,    // a time limit of an address or a sink ran out
    out_of_time,  // a time limit of the whole transfer ran out
    unexpected,   // all went well, but the result is not the one that was expected
    stopped,      // a StopSource asked for it, or what it used was closed
    child_failed  // a child process ended with a non-zero status
};

inline constexpr std::size_t error_kinds = 9;
// "system", "bad_address", ...
[[nodiscard]] const char* name_of(Errc kind);

// The end of a transfer that failed; `unknown` when one kernel call touched both.
enum class Side : std::uint8_t { unknown, source, sink };

// One failure, told once, where it happened.
//
// `operation` is a string literal (a system call's name, or a step such as
// "lookup"). `code` is an errno when kind is `system`, else 0. `subject` is the
// label of the thing that failed; layers below the one that knows labels leave
// it empty. `detail` replaces the errno's text when it is not empty.
struct Error {
    Errc kind = Errc::system;
    const char* operation = "";
    int code = 0;
    Side side = Side::unknown;
    std::string subject;
    std::string detail;

    [[nodiscard]] static Error system(const char* operation, int code) {
        return Error{Errc::system, operation, code, Side::unknown, {}, {}};
    }
    [[nodiscard]] static Error told(Errc kind, const char* operation, std::string detail) {
        return Error{kind, operation, 0, Side::unknown, {}, std::move(detail)};
    }
    // What a call that may not sleep answers in its own name (EAGAIN).
    [[nodiscard]] static Error try_later(const char* operation);
    // A sink took nothing and did not say why.
    [[nodiscard]] static Error stuck();
    // A page that was already taken from a file lost its content.
    [[nodiscard]] static Error truncated();
    [[nodiscard]] Error at(Side failed) const {
        Error copy = *this;
        copy.side = failed;
        return copy;
    }
    [[nodiscard]] Error about(std::string name) const {
        Error copy = *this;
        copy.subject = std::move(name);
        return copy;
    }
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

[[nodiscard]] inline Failure failure(Error error) { return Failure(std::move(error)); }

// The cause alone, for people: "No such file or directory".
//
// Returns  `detail`, or the C library's text for `code`; never empty.
[[nodiscard]] std::string cause(const Error& error);

// Whether the kernel meant "not this way" rather than "this failed".
//
// Kernel   a call that fails so has consumed nothing; the same bytes can be
//          moved by the next method (EINVAL, ENOSYS, EOPNOTSUPP, EXDEV, EPERM
//          from seccomp, EBADF for O_APPEND, EFBIG and EOVERFLOW of
//          copy_file_range). read(2) and write(2) then tell the real cause,
//          if there is one.
[[nodiscard]] bool means_another_way(const Error& error);

// Whether the kernel meant "nothing now, ask again when ready" (EAGAIN).
[[nodiscard]] bool means_try_later(const Error& error);

// Whether the reader of a pipe or the peer of a socket has left (EPIPE).
[[nodiscard]] bool means_broken_pipe(const Error& error);

}  // namespace zc
