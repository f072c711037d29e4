// Digests of what is moved.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/result.hpp"

namespace zc {

enum class DigestAlgorithm : std::uint8_t { sha256, sha512, blake2b, xxh3, crc32c };
inline constexpr std::array digest_algorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512,
                                              DigestAlgorithm::blake2b, DigestAlgorithm::xxh3,
                                              DigestAlgorithm::crc32c};

[[nodiscard]] const char* name_of(DigestAlgorithm algorithm);  // "sha256"
[[nodiscard]] std::optional<DigestAlgorithm> digest_named(std::string_view name);
// How long its hexadecimal form is: 64, 128, 128, 16, 8.
[[nodiscard]] std::size_t hex_length(DigestAlgorithm algorithm);

// One digest in the making.
//
// Source   libgcrypt for sha256, sha512 and blake2b (BLAKE2b-512), loaded when the first
//          one is made: who makes none does not pay for it. xxHash for xxh3 (64 bits,
//          seed 0). All use the processor's instructions where it has them.
class Digest {
public:
    // Errors   unavailable when libgcrypt cannot be loaded.
    [[nodiscard]] static Result<std::unique_ptr<Digest>> create(DigestAlgorithm algorithm);
    Digest() = default;
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    virtual ~Digest() = default;

    virtual void update(std::span<const std::byte> bytes) = 0;
    // Lower-case hexadecimal; nothing may follow.
    [[nodiscard]] virtual std::string hex() = 0;
    // Whether it costs more than a copy of the bytes, so that a thread of its own pays.
    [[nodiscard]] virtual bool is_slow() const = 0;
};

}  // namespace zc
