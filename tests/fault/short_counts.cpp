// For LD_PRELOAD: calls of the kernel that do less than they are asked to.
//
// usage: SHORT_COUNTS=CALL:N LD_PRELOAD=... PROGRAM   every Nth CALL, which is one of
// splice, tee, write, read and copy_file_range, is asked for a third, and one byte.
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace {

std::size_t cut(const char* call, std::size_t bytes) {
    static const char* const wanted = std::getenv("SHORT_COUNTS");
    static std::atomic<unsigned long> calls = 0;
    const std::size_t length = std::strlen(call);
    if (wanted == nullptr || std::strncmp(wanted, call, length) != 0 || wanted[length] != ':')
        return bytes;
    const unsigned long every = std::strtoul(wanted + length + 1, nullptr, 10);
    return ++calls % every == 0 && bytes > 1 ? bytes / 3 + 1 : bytes;
}

}  // namespace

extern "C" {

ssize_t splice(int from, off64_t* from_at, int to, off64_t* to_at, std::size_t bytes,
               unsigned flags) {
    return syscall(SYS_splice, from, from_at, to, to_at, cut("splice", bytes), flags);
}

ssize_t tee(int from, int to, std::size_t bytes, unsigned flags) {
    return syscall(SYS_tee, from, to, cut("tee", bytes), flags);
}

ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, std::size_t bytes,
                        unsigned flags) {
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, cut("copy_file_range", bytes),
                   flags);
}

ssize_t write(int fd, const void* from, std::size_t bytes) {
    return syscall(SYS_write, fd, from, cut("write", bytes));
}

ssize_t read(int fd, void* into, std::size_t bytes) {
    return syscall(SYS_read, fd, into, cut("read", bytes));
}
}
