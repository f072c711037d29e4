// in_core FILE ...   prints how many pages of each are in the page cache.
// in_core --drop FILE ...   writes them to the disk and drops them first.
// in_core --warm FILE ...   the same, and then reads the first quarter of each.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

void must(const char* what, bool done) {
    if (done) return;
    std::perror(what);
    std::exit(1);
}

enum class First { nothing, drop, warm };

long pages_of(const char* name, First first) {
    const int fd = ::open(name, O_RDONLY | O_CLOEXEC);
    must(name, fd >= 0);
    if (first != First::nothing) {
        must("fsync", ::fsync(fd) == 0);
        must("fadvise", ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    }
    struct stat found {};
    must("fstat", ::fstat(fd, &found) == 0);
    const auto bytes = static_cast<std::size_t>(found.st_size);
    if (bytes == 0) return 0;
    if (first == First::warm) {
        // Not more than is asked for.
        must("fadvise", ::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) == 0);
        std::vector<char> quarter(bytes / 4 + 1);
        must("read", ::read(fd, quarter.data(), quarter.size()) > 0);
    }
    void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    must("mmap", mapped != MAP_FAILED);
    std::vector<unsigned char> pages((bytes + 4095) / 4096);
    must("mincore", ::mincore(mapped, bytes, pages.data()) == 0);
    ::munmap(mapped, bytes);
    ::close(fd);
    return std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; });
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view option = argc > 1 ? argv[1] : "";
    First first = First::nothing;
    if (option == "--drop") first = First::drop;
    if (option == "--warm") first = First::warm;
    for (int i = first == First::nothing ? 1 : 2; i < argc; ++i)
        std::printf("%ld\n", pages_of(argv[i], first));
}
