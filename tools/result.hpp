// What is to become of the files that are written, and what the result must be:
// --atomic, --fsync, --expect-size, --digest, in all programs that have them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digest/hasher.hpp"
#include "engine/transfer.hpp"
#include "report/stats.hpp"
#include "tool.hpp"

namespace zc::tool {

struct ExpectedDigest {
    DigestAlgorithm algorithm{};
    std::string hex;  // lower case
};

struct ResultOptions {
    bool atomic = false;
    bool fsync = false;
    std::optional<std::uint64_t> expected_bytes;
    std::optional<DigestAlgorithm> digest;
    std::string digest_file;  // empty: standard error
    std::optional<ExpectedDigest> expected_digest;

    [[nodiscard]] bool expects() const { return expected_bytes || digest || expected_digest; }
};

// Adds --atomic and --fsync; and what is expected, with --digest.
void add_files(OptionTable& table, ResultOptions& options, const char* atomic_text);
void add_expectations(OptionTable& table, ResultOptions& options);

// Looks at what is delivered, and says at the end whether it is what it should be.
//
// Order    start(), what there is for the tap, then once wrong(), then publish().
class ResultCheck {
public:
    explicit ResultCheck(const ResultOptions& options) : options_(options) {}

    // Errors   unavailable: a library that the digest needs is not there.
    [[nodiscard]] Result<void> start();

    // To be shown every byte that is delivered; empty when nobody wants to see them.
    [[nodiscard]] Tap tap();
    void see(std::span<const std::byte> bytes);

    // Takes    how much was delivered, all in all.
    // Returns  what is not as expected (Errc::unexpected), size first; nothing when all is.
    [[nodiscard]] std::optional<Error> wrong(std::uint64_t bytes);

    // Writes the digest, a line for each name, if it was asked for.
    [[nodiscard]] Result<void> publish(const std::vector<std::string>& names) const;
    [[nodiscard]] std::string place() const;  // where that is, for messages
    // Order    after wrong().
    [[nodiscard]] std::optional<DigestStats> digest() const;

private:
    // One of --digest, one of --expect-digest; the same where they agree.
    struct Seen {
        Seen(DigestAlgorithm of, std::unique_ptr<Digest> digest)
            : algorithm(of), hasher(std::move(digest)) {}
        DigestAlgorithm algorithm;
        Hasher hasher;
        std::string hex;
    };
    [[nodiscard]] Result<void> watch(DigestAlgorithm algorithm);

    const ResultOptions& options_;
    std::list<Seen> seen_;
};

// `HEX  NAME` and a newline, as sha256sum(1) writes and reads it.
[[nodiscard]] std::string digest_line(const std::string& hex, const std::string& name);

}  // namespace zc::tool
