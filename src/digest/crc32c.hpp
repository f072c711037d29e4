// CRC-32C (Castagnoli): of iSCSI, ext4, btrfs and object stores.
#pragma once

#include <cstdint>
#include <span>

namespace zc {

// Takes    the checksum of what came before, 0 at the beginning.
// Source   RFC 3720, appendix B.4; SSE 4.2's instruction where the processor has it.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes);

// The same by a table alone.
[[nodiscard]] std::uint32_t crc32c_by_table(std::uint32_t before, std::span<const std::byte> bytes);

}  // namespace zc
