// Writes a fixed number of bytes as fast as it can, to standard output or to a
// TCP port of this machine.
#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "bench.hpp"

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    const std::uint64_t total = arguments.number("--bytes", 0);
    const std::uint64_t chunk = arguments.number("--chunk", 64 * 1024);
    const bool vmsplice = arguments.flag("--vmsplice");
    if (total == 0 || chunk == 0)
        bench::usage("source --bytes N [--chunk N] [--vmsplice] [--pipe BYTES] [--tcp PORT]");

    const std::uint64_t port = arguments.number("--tcp", 0);
    const int sink = port != 0 ? bench::connected_to(port) : STDOUT_FILENO;
    bench::set_pipe_bytes(sink, arguments.number("--pipe", 0));

    // The pages never change, so that vmsplice(2) may hand out the same ones again.
    std::vector<char> buffer(chunk, 'z');
    for (std::uint64_t sent = 0; sent < total;) {
        const auto bytes = static_cast<std::size_t>(std::min(chunk, total - sent));
        const iovec part{buffer.data(), bytes};
        const ssize_t n =
            vmsplice ? ::vmsplice(sink, &part, 1, 0) : ::write(sink, buffer.data(), bytes);
        sent += static_cast<std::uint64_t>(bench::must("write", n));
    }
    return 0;
}
