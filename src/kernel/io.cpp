#include "kernel/io.hpp"

#include <array>

#include "kernel/sys.hpp"

namespace zc {

Result<std::size_t> read_some(FdView file, std::span<std::byte> into) {
    for (;;) {
        auto got = sys::read(file, into);
        if (got || !means_try_later(got.error())) return got;
        const std::array<Interest, 1> input{Interest{file, Readiness::readable}};
        (void)sys::wait(input, {}, std::nullopt);
    }
}

Result<void> write_all(FdView file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto written = sys::write(file, bytes);
        if (!written && !means_try_later(written.error())) return failure(written.error());
        // Some drivers say 0 when they are full; asking again would never end.
        if (written && *written == 0) return failure(Error::stuck());
        const std::array<Interest, 1> room{Interest{file, Readiness::writable}};
        if (!written)
            (void)sys::wait(room, {}, std::nullopt);
        else
            bytes = bytes.subspan(*written);
    }
    return {};
}

}  // namespace zc
