// tees --bytes N [--links N] [--file PATH] [--copy]: a pipe whose bytes go, by tee(2), through
// a chain of pipes, each read into /dev/null by a thread of its own; or into a file and one
// pipe. With --copy the same by read(2) and write(2) of 64 KiB. Prints bytes and seconds.
//
// What fills the first pipe is a thread that writes 64 KiB of memory again and again by
// vmsplice(2), which costs next to nothing.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zc/zc.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t chunk = 64 * 1024;
constexpr std::size_t capacity = 1024 * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "tees: %s\n", what.c_str());
    std::exit(1);
}

void fill(const zc::Pipe& pipe, std::uint64_t bytes) {
    static const std::vector<std::byte> memory(chunk);
    while (bytes != 0) {
        const iovec piece{const_cast<std::byte*>(memory.data()),
                          static_cast<std::size_t>(std::min<std::uint64_t>(bytes, chunk))};
        const ssize_t gone = ::vmsplice(pipe.write_end().number(), &piece, 1, 0);
        if (gone > 0)
            bytes -= static_cast<std::uint64_t>(gone);
        else
            std::this_thread::yield();
    }
}

// To the end; into the next pipe as well, if there is one.
void copy_all(zc::Pipe& from, zc::Pipe* next, int sink) {
    std::vector<std::byte> buffer(chunk);
    for (;;) {
        const auto got = from.read(buffer);
        if (!got) fail(zc::cause(got.error()));
        if (*got == 0) return;
        const auto bytes = std::span(buffer).first(*got);
        if (next != nullptr && !next->write(bytes)) fail("write");
        if (::write(sink, bytes.data(), bytes.size()) < 0) fail("write");
    }
}

void splice_all(zc::Pipe& from, int sink) {
    const auto report = from.write_to(zc::FdView(sink));
    if (report.error) fail(zc::cause(*report.error));
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t bytes = 0;
    std::size_t links = 1;
    bool copies = false;
    std::string file;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--copy") copies = true;
        if (i + 1 == argc) break;
        if (word == "--bytes") bytes = std::strtoull(argv[++i], nullptr, 10);
        if (word == "--links") links = std::strtoul(argv[++i], nullptr, 10);
        if (word == "--file") file = argv[++i];
    }
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int first =
        file.empty() ? null : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (null < 0 || first < 0) fail("open");
    std::vector<zc::Pipe> pipes;
    for (std::size_t i = 0; i <= links; ++i) {
        auto pipe = zc::Pipe::create(capacity);
        if (!pipe) fail(zc::cause(pipe.error()));
        pipes.push_back(std::move(*pipe));
    }
    if (!copies)
        for (std::size_t i = 0; i < links; ++i) pipes[i].tee(pipes[i + 1]);
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i <= links; ++i)
        threads.emplace_back([&, i] {
            zc::Pipe* const next = i < links ? &pipes[i + 1] : nullptr;
            const int sink = i == 0 ? first : null;
            if (copies)
                copy_all(pipes[i], next, sink);
            else
                splice_all(pipes[i], sink);
            if (next != nullptr) (void)next->close_write();
        });
    fill(pipes.front(), bytes);
    (void)pipes.front().close_write();
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%llu %.9f\n", static_cast<unsigned long long>(bytes), took.count());
}
