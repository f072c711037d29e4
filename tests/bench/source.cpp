// Writes a fixed number of bytes as fast as it can, to standard output, to a TCP
// port of this machine or to a UNIX socket.
//
// They come from 256 MiB of memory (or --memory), over and over: a source that sends
// the same small buffer again and again keeps it in the processor's cache, and
// flatters whoever copies.
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>

#include "bench.hpp"

namespace {

// Huge pages where the system gives them: finding 256 small ones for each vmsplice(2)
// would cost the source more than the program under test spends on them. They are
// whole pages in any case: a chunk that starts inside one needs a slot more than
// a pipe has.
const char* make_pages(std::size_t bytes) {
    constexpr std::size_t huge_page_bytes = 2 << 20;
    void* const pages = std::aligned_alloc(huge_page_bytes, bytes);
    if (pages == nullptr) bench::die("memory");
    ::madvise(pages, bytes, MADV_HUGEPAGE);
    std::memset(pages, 'z', bytes);
    return static_cast<const char*>(pages);
}

ssize_t send(int sink, const char* from, std::size_t bytes, bool vmsplice) {
    if (!vmsplice) return ::write(sink, from, bytes);
    // The pages never change, so that vmsplice(2) may hand out the same ones again.
    const iovec part{const_cast<char*>(from), bytes};
    return ::vmsplice(sink, &part, 1, 0);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const std::uint64_t total = arguments.number("--bytes", 0);
    const std::uint64_t chunk = arguments.number("--chunk", 64 * 1024);
    if (total == 0 || chunk == 0)
        bench::usage(
            "source --bytes N [--memory N] [--chunk N] [--vmsplice] [--pipe BYTES] "
            "[--tcp PORT | --unix PATH]");

    const std::uint64_t memory_bytes = arguments.number("--memory", 256 << 20);
    const char* const memory = make_pages(memory_bytes);

    const auto place = bench::place_of(arguments);
    const int sink = place ? bench::connected_to(*place) : STDOUT_FILENO;
    bench::set_pipe_bytes(sink, arguments.number("--pipe", 0));

    for (std::uint64_t sent = 0; sent < total;) {
        const std::uint64_t at = sent % memory_bytes;
        const std::uint64_t bytes = std::min({chunk, total - sent, memory_bytes - at});
        const ssize_t n = send(sink, memory + at, bytes, arguments.flag("--vmsplice"));
        sent += static_cast<std::uint64_t>(bench::must("write", n));
    }
    return 0;
}
