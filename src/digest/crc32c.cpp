// No library of Debian 12 that can be linked statically has it, and the instruction
// does all there is to do.
#include "digest/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace zc {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
        table[byte] = value;
    }
    return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
// Asked when it is needed: the compiler's own __builtin_cpu_supports() asks before main(),
// in every program that holds this file, and CPUID is 85 us in a virtual machine.
// Test: "start: no program asks the processor before main".
bool processor_has_crc32() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0;
}

[[gnu::target("sse4.2")]] std::uint32_t crc32c_by_instruction(std::uint32_t before,
                                                              std::span<const std::byte> bytes) {
    std::uint64_t value = ~before;
    for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes.data(), sizeof(eight));
        value = __builtin_ia32_crc32di(value, eight);
    }
    auto rest = static_cast<std::uint32_t>(value);
    for (const std::byte byte : bytes)
        rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(byte));
    return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t before, std::span<const std::byte> bytes) {
    std::uint32_t value = ~before;
    for (const std::byte byte : bytes)
        value = table[(value ^ static_cast<std::uint32_t>(byte)) & 0xff] ^ (value >> 8);
    return ~value;
}

std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes) {
#if defined(__x86_64__)
    static const bool has_instruction = processor_has_crc32();
    if (has_instruction) return crc32c_by_instruction(before, bytes);
#endif
    return crc32c_by_table(before, bytes);
}

}  // namespace zc
