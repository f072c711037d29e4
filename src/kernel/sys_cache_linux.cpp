// The system calls of sys_cache.hpp, as Linux has them.
#include "kernel/sys_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include "kernel/limits.hpp"
#include "kernel/sys_call.hpp"

namespace zc::sys {

Result<void> drop_cached(FdView file, std::uint64_t offset, std::uint64_t bytes) {
    const int code = ::posix_fadvise(file.number(), static_cast<off_t>(offset),
                                     static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
    if (code != 0) return failure(Error::system("posix_fadvise", code));
    return {};
}

Result<void> write_back(FdView file, std::uint64_t offset, std::uint64_t bytes, Sleep sleep) {
    const unsigned waits = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
    const unsigned flags = SYNC_FILE_RANGE_WRITE | (sleep == Sleep::allowed ? waits : 0);
    return done("sync_file_range", [&] {
        return ::sync_file_range(file.number(), static_cast<off64_t>(offset),
                                 static_cast<off64_t>(bytes), flags);
    });
}

Result<void> cached_pages(FdView file, std::uint64_t offset, std::span<std::byte> into) {
    const std::size_t bytes = into.size() * limits::page_bytes;
    void* const mapped =
        ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.number(), static_cast<off_t>(offset));
    if (mapped == MAP_FAILED) return failure(Error::system("mmap", errno));
    auto told = done("mincore", [&] {
        return ::mincore(mapped, bytes, reinterpret_cast<unsigned char*>(into.data()));
    });
    (void)::munmap(mapped, bytes);
    // Kernel: only the lowest bit has a meaning.
    for (std::byte& each : into) each &= std::byte{1};
    return told;
}

}  // namespace zc::sys
