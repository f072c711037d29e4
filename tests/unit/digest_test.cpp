// Digests of known texts, in one piece and in many, and the thread that makes them.
#include "digest/digest.hpp"

#include <algorithm>
#include <string>

#include "battery.hpp"
#include "catch.hpp"
#include "digest/crc32c.hpp"
#include "digest/hasher.hpp"

using namespace zc;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string digest_of(DigestAlgorithm algorithm, const std::string& text) {
    auto digest = Digest::create(algorithm);
    REQUIRE(digest);
    (*digest)->update(bytes_of(text));
    return (*digest)->hex();
}

}  // namespace

// FIPS 180-4, RFC 7693 and RFC 3720 have these; that of XXH3 is xxHash's own, for no input.
TEST_CASE("digest: known texts") {
    CHECK(digest_of(DigestAlgorithm::sha256, "abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest_of(DigestAlgorithm::sha512, "abc") ==
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    CHECK(digest_of(DigestAlgorithm::blake2b, "abc") ==
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    CHECK(digest_of(DigestAlgorithm::xxh3, "") == "2d06800538d394c2");
    CHECK(digest_of(DigestAlgorithm::crc32c, "123456789") == "e3069283");
    CHECK(digest_of(DigestAlgorithm::crc32c, std::string(32, '\0')) == "8a9136aa");
    CHECK(digest_of(DigestAlgorithm::crc32c, std::string(32, '\xff')) == "62a8ab43");
}

TEST_CASE("crc32c: the table and the instruction agree, at any length and in pieces") {
    const std::string text = test::pattern(1000);
    for (std::size_t size = 0; size < 70; ++size) {
        const auto bytes = bytes_of(text).subspan(size, size);
        CHECK(crc32c(7, bytes) == crc32c_by_table(7, bytes));
    }
    const auto all = bytes_of(text);
    CHECK(crc32c(crc32c(0, all.first(333)), all.subspan(333)) == crc32c_by_table(0, all));
}

TEST_CASE("digest: names lead to algorithms and back") {
    for (const DigestAlgorithm algorithm : digest_algorithms) {
        CHECK(digest_named(name_of(algorithm)) == algorithm);
        CHECK(digest_of(algorithm, "x").size() == hex_length(algorithm));
    }
    CHECK_FALSE(digest_named("md5"));
    CHECK_FALSE(digest_named("SHA256"));
    CHECK_FALSE(digest_named(""));
}

TEST_CASE("hasher: the same digest whatever the pieces are, and with nothing at all") {
    const std::string text = test::pattern(9'000'001);
    for (const DigestAlgorithm algorithm : digest_algorithms) {
        const std::string whole = digest_of(algorithm, text);
        for (const std::size_t piece : {std::size_t{77'777}, std::size_t{1'048'576}, text.size()}) {
            Hasher hasher(*Digest::create(algorithm));
            auto left = bytes_of(text);
            while (!left.empty()) {
                const auto next = left.first(std::min(piece, left.size()));
                hasher.update(next);
                left = left.subspan(next.size());
            }
            CHECK(hasher.hex() == whole);
        }
        CHECK(Hasher(*Digest::create(algorithm)).hex() == digest_of(algorithm, ""));
    }
}

TEST_CASE("hasher: may be left with work to do") {
    const std::string text = test::pattern(3'000'000);
    Hasher hasher(*Digest::create(DigestAlgorithm::sha256));
    hasher.update(bytes_of(text));
}
