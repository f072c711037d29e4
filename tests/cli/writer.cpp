// A program that writes a file which another one is reading.
//
// writer overwrite FILE SEED   opens it without cutting it, writes test stream SEED over it
// writer map FILE SEED         the same by stores into a shared mapping
// writer truncate FILE BYTES   cuts it to that length by its name
// writer hold FILE SEED        opens it, waits for the end of standard input, overwrites it
// writer hold-map FILE SEED    the same, with nothing but a mapping left in between
//
// It says on standard output how many milliseconds it had to wait for the file.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "pattern.hpp"

namespace {

using Clock = std::chrono::steady_clock;

template <class Answer>
Answer must(const char* what, Answer answer) {
    if (answer >= 0) return answer;
    std::perror(what);
    std::exit(1);
}

void say_wait(Clock::time_point began) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    std::printf("%lld\n", static_cast<long long>(waited.count()));
    std::fflush(stdout);
}

void await_end_of_input() {
    char byte = 0;
    while (must("read", ::read(STDIN_FILENO, &byte, 1)) != 0) {
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc > 1 ? argv[1] : "";
    if (argc < 4) {
        std::fputs("usage: writer overwrite|map|truncate|hold|hold-map FILE SEED|BYTES\n", stderr);
        return 2;
    }
    const auto began = Clock::now();
    if (way == "truncate") {
        must(argv[2], ::truncate(argv[2], std::strtoll(argv[3], nullptr, 10)));
        say_wait(began);
        return 0;
    }
    const int file = must(argv[2], ::open(argv[2], O_RDWR | O_CLOEXEC));
    say_wait(began);
    struct stat found {};
    must("fstat", ::fstat(file, &found));
    std::vector<char> content(static_cast<std::size_t>(found.st_size));
    const zc::test::Pattern pattern(std::strtoull(argv[3], nullptr, 10));
    pattern.fill(content, 0);
    if (way == "overwrite" || way == "hold") {
        if (way == "hold") await_end_of_input();
        must("pwrite", ::pwrite(file, content.data(), content.size(), 0));
        return 0;
    }
    void* const pages =
        ::mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    must("mmap", pages == MAP_FAILED ? -1 : 0);
    must("close", ::close(file));
    if (way == "hold-map") await_end_of_input();
    std::memcpy(pages, content.data(), content.size());
    return 0;
}
