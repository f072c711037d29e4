// Writes a fixed number of bytes as fast as it can, to standard output, to a TCP
// port of this machine or to a UNIX socket; with --streams through as many connections.
//
// --ready FD: a byte is written there when the memory is filled and sending begins.
//
// They come from 256 MiB of memory (or --memory), over and over: a source that sends
// the same small buffer again and again keeps it in the processor's cache, and
// flatters whoever copies. No two pages of that memory are alike.
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <span>
#include <thread>
#include <vector>

#include "bench.hpp"

namespace {

// Huge pages where the system gives them: finding 256 small ones for each vmsplice(2)
// would cost the source more than the program under test spends on them. They are
// whole pages in any case: a chunk that starts inside one needs a slot more than
// a pipe has.
std::span<const char> make_pages(std::size_t bytes) {
    constexpr std::size_t huge_page_bytes = 2 << 20;
    const std::size_t whole = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
    void* const pages = std::aligned_alloc(huge_page_bytes, whole);
    if (pages == nullptr) bench::die("memory");
    ::madvise(pages, whole, MADV_HUGEPAGE);
    const std::span numbers(static_cast<std::uint64_t*>(pages), whole / sizeof(std::uint64_t));
    std::uint64_t number = 1;
    for (std::uint64_t& next : numbers) next = number = number * 6364136223846793005 + 1;
    return {static_cast<const char*>(pages), bytes};
}

ssize_t send(int sink, const char* from, std::size_t bytes, bool vmsplice) {
    if (!vmsplice) return ::write(sink, from, bytes);
    // The pages never change, so that vmsplice(2) may hand out the same ones again.
    const iovec part{const_cast<char*>(from), bytes};
    return ::vmsplice(sink, &part, 1, 0);
}

void send_all(int sink, std::span<const char> memory, std::uint64_t total, std::uint64_t chunk,
              bool vmsplice) {
    for (std::uint64_t sent = 0; sent < total;) {
        const std::uint64_t at = sent % memory.size();
        const std::uint64_t bytes = std::min({chunk, total - sent, memory.size() - at});
        const ssize_t n = send(sink, memory.data() + at, bytes, vmsplice);
        sent += static_cast<std::uint64_t>(bench::must("write", n));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const char* const bytes = arguments.text("--bytes");
    const std::uint64_t chunk = arguments.number("--chunk", 64 * 1024);
    const std::uint64_t memory_bytes = arguments.number("--memory", 256 << 20);
    const std::uint64_t streams = arguments.number("--streams", 1);
    if (bytes == nullptr || chunk == 0 || memory_bytes == 0 || streams == 0)
        bench::usage(
            "source --bytes N [--memory N] [--chunk N] [--vmsplice] [--pipe BYTES] [--ready FD] "
            "[--tcp PORT | --unix PATH] [--streams N]");
    const std::uint64_t each = arguments.number("--bytes", 0) / streams;
    const std::span<const char> memory = make_pages(memory_bytes);
    const bool vmsplice = arguments.flag("--vmsplice");
    const auto place = bench::place_of(arguments);
    if (!place) bench::set_pipe_bytes(STDOUT_FILENO, arguments.number("--pipe", 0));
    bench::say_ready(arguments);

    if (place) {
        std::vector<std::thread> threads;
        for (std::uint64_t i = 0; i < streams; ++i)
            threads.emplace_back([&] {
                const int sink = bench::connected_to(*place);
                send_all(sink, memory, each, chunk, vmsplice);
                ::close(sink);
            });
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    send_all(STDOUT_FILENO, memory, each, chunk, vmsplice);
    return 0;
}
