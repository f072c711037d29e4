#include "kernel/result.hpp"

#include <cerrno>
#include <cstring>

namespace zc {

Error Error::try_later(const char* operation) { return system(operation, EAGAIN); }

Error Error::truncated() {
    return told(Errc::system, "splice", "file was truncated while it was read");
}

Error Error::stuck() { return system("write", ENOSPC); }

const char* name_of(Errc kind) {
    switch (kind) {
        case Errc::system: return "system";
        case Errc::bad_address: return "bad_address";
        case Errc::unavailable: return "unavailable";
        case Errc::unresolved: return "unresolved";
        case Errc::timed_out: return "timed_out";
        case Errc::out_of_time: return "out_of_time";
        case Errc::unexpected: return "unexpected";
        case Errc::stopped: return "stopped";
        case Errc::child_failed: break;
    }
    return "child_failed";
}

std::string cause(const Error& error) {
    if (!error.detail.empty()) return error.detail;
    if (error.code != 0) return std::strerror(error.code);
    return error.operation;
}

bool means_another_way(const Error& error) {
    if (error.kind != Errc::system) return false;
    switch (error.code) {
        case EINVAL:
        case ENOSYS:
        case EPERM:
        case EOPNOTSUPP:
        case EXDEV:
        case EBADF:
        case EFBIG:
        case EOVERFLOW: return true;
        default: return false;
    }
}

bool means_try_later(const Error& error) {
    return error.kind == Errc::system && (error.code == EAGAIN || error.code == EWOULDBLOCK);
}

bool means_broken_pipe(const Error& error) {
    return error.kind == Errc::system && error.code == EPIPE;
}

}  // namespace zc
