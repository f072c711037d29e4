#include "kernel/fd.hpp"

#include "kernel/sys.hpp"

namespace zc {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        (void)close();
        number_ = other.release();
    }
    return *this;
}

Fd::~Fd() { (void)close(); }

Result<void> Fd::close() {
    if (number_ < 0) return {};
    return sys::close(FdView(release()));
}

Result<FdFacts> classify(FdView fd) { return sys::facts(fd); }

const char* name_of(FdKind kind) {
    switch (kind) {
        case FdKind::regular: return "regular file";
        case FdKind::block_device: return "block device";
        case FdKind::pipe: return "pipe";
        case FdKind::tcp_socket: return "TCP socket";
        case FdKind::unix_socket: return "UNIX socket";
        case FdKind::packet_socket: return "packet socket";
        case FdKind::memory_device: return "memory device";
        case FdKind::terminal: return "terminal";
        case FdKind::directory: return "directory";
        case FdKind::other: break;
    }
    return "other file";
}

}  // namespace zc
