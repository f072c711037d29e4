// checksum-while-sending <FILE >SINK: sends a file through a pipe whose bytes are digested on
// their way (FNV-1a, 64 bits), by a Writer of the program's own.
#include <zc/zc.hpp>

#include <cstdint>
#include <iostream>
#include <thread>

namespace {

class Fnv {
public:
    zc::Result<std::size_t> write(std::span<const std::byte> from) {
        for (const std::byte byte : from)
            value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
        return from.size();
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

int main() {
    auto pipe = zc::Pipe::create(1024 * 1024);
    if (!pipe) return 1;
    Fnv checksum;
    pipe->tee(checksum);
    std::optional<zc::Error> lost;
    std::thread reading([&] {
        lost = pipe->read_from(zc::FdView(0)).error;
        (void)pipe->close_write();
    });
    const auto report = pipe->write_to(zc::FdView(1));
    (void)pipe->close();  // whoever still reads the source is stopped
    reading.join();
    if (report.error || lost) {
        std::cerr << "checksum-while-sending: " << zc::cause(report.error ? *report.error : *lost)
                  << '\n';
        return 1;
    }
    std::cerr << std::hex << checksum.value() << '\n';
}
