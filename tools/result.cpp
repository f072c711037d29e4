#include "result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "kernel/atomic_file.hpp"
#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "quote.hpp"

namespace zc::tool {
namespace {

constexpr const char* algorithms_text = "must be sha256, sha512, blake2b, xxh3 or crc32c";

DigestAlgorithm algorithm_of(const std::string& option, const std::string& name) {
    const auto algorithm = digest_named(name);
    if (!algorithm) throw BadValue(option, algorithms_text);
    return *algorithm;
}

// "sha256:E3B0..."
ExpectedDigest expected_of(const std::string& text) {
    const std::string option = "--expect-digest";
    const auto colon = text.find(':');
    ExpectedDigest expected;
    expected.algorithm = algorithm_of(option, text.substr(0, colon));
    if (colon != std::string::npos) expected.hex = text.substr(colon + 1);
    const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
    const auto wanted = hex_length(expected.algorithm);
    if (expected.hex.size() != wanted ||
        !std::all_of(expected.hex.begin(), expected.hex.end(), is_hex))
        throw BadValue(option, fmt::format("'{}' is no {}; that is {} hexadecimal digits",
                                           expected.hex, name_of(expected.algorithm), wanted));
    for (char& c : expected.hex) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return expected;
}

Error not_as_expected(const char* what, std::string text) {
    return Error::told(Errc::unexpected, what, std::move(text));
}

// A file that stands there is replaced when the new one is whole.
Result<void> replace_file(const std::string& path, std::string_view text) {
    auto file = AtomicFile::create(path);
    if (!file) return failure(file.error());
    auto done = write_all(file->file(), text);
    if (done) done = file->prepare();
    if (done) done = file->commit();
    return done;
}

}  // namespace

void add_files(OptionTable& table, ResultOptions& options, const char* atomic_text) {
    table.flag("--atomic", options.atomic, atomic_text);
    table.flag("--fsync", options.fsync, "end only when files are on the disk");
}

void add_expectations(OptionTable& table, ResultOptions& options) {
    add_size(table, "--expect-size", "exit status 3 when it is not SIZE",
             [&options](std::uint64_t bytes) { options.expected_bytes = bytes; });
    const auto take = [&options](const std::string& name) {
        options.digest = algorithm_of("--digest", name);
    };
    table.value("--digest=ALG", take, "print its digest: sha256, sha512, blake2b, xxh3 or crc32c");
    table.value("--digest-file=FILE", options.digest_file, "write that to FILE");
    table.need("--digest-file", "--digest");
    const auto expect = [&options](const std::string& text) {
        options.expected_digest = expected_of(text);
    };
    table.value("--expect-digest=ALG:HEX", expect, "exit status 3 when the digest is not HEX");
}

Result<void> ResultCheck::start() {
    Result<void> ready;
    if (options_.digest) ready = watch(*options_.digest);
    const auto& expected = options_.expected_digest;
    if (ready && expected && expected->algorithm != options_.digest)
        ready = watch(expected->algorithm);
    return ready;
}

Result<void> ResultCheck::watch(DigestAlgorithm algorithm) {
    auto digest = Digest::create(algorithm);
    if (!digest) return failure(digest.error());
    seen_.emplace_back(algorithm, std::move(*digest));
    return {};
}

Tap ResultCheck::tap() {
    if (seen_.empty()) return {};
    return [this](std::span<const std::byte> bytes) { see(bytes); };
}

void ResultCheck::see(std::span<const std::byte> bytes) {
    for (Seen& each : seen_) each.hasher.update(bytes);
}

std::optional<Error> ResultCheck::wrong(std::uint64_t bytes) {
    for (Seen& each : seen_) each.hex = each.hasher.hex();
    if (options_.expected_bytes && bytes != *options_.expected_bytes)
        return not_as_expected(
            "size", fmt::format("{} bytes, not the {} expected", bytes, *options_.expected_bytes));
    for (const Seen& each : seen_) {
        const auto& expected = options_.expected_digest;
        if (expected && expected->algorithm == each.algorithm && expected->hex != each.hex)
            return not_as_expected(
                "digest", fmt::format("its {} is {}, not the {} expected", name_of(each.algorithm),
                                      each.hex, expected->hex));
    }
    return std::nullopt;
}

std::optional<DigestStats> ResultCheck::digest() const {
    if (seen_.empty() || seen_.front().hex.empty()) return std::nullopt;
    return DigestStats{name_of(seen_.front().algorithm), seen_.front().hex};
}

std::string ResultCheck::place() const {
    return options_.digest_file.empty() ? "digest" : shell_quoted(options_.digest_file);
}

// Of two of these files one may be kept beside the other; neither may be half a one.
Result<void> ResultCheck::publish(const std::vector<std::string>& names) const {
    if (!options_.digest) return {};
    std::string text;
    for (const std::string& name : names) text += digest_line(seen_.front().hex, name);
    if (options_.digest_file.empty()) return write_all(FdView(2), text);
    return options_.atomic ? replace_file(options_.digest_file, text)
                           : write_file(options_.digest_file, text);
}

std::string digest_line(const std::string& hex, const std::string& name) {
    std::string shown;
    for (const char c : name) {
        switch (c) {
            case '\\': shown += "\\\\"; break;
            case '\n': shown += "\\n"; break;
            case '\r': shown += "\\r"; break;
            default: shown += c;
        }
    }
    return fmt::format("{}{}  {}\n", shown == name ? "" : "\\", hex, shown);
}

}  // namespace zc::tool
