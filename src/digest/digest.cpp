#include "digest/digest.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gcrypt.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "digest/crc32c.hpp"

namespace zc {
namespace {

struct Facts {
    DigestAlgorithm algorithm;
    const char* name;
    std::size_t hex_length;
};
constexpr std::array facts{
    Facts{DigestAlgorithm::sha256, "sha256", 64}, Facts{DigestAlgorithm::sha512, "sha512", 128},
    Facts{DigestAlgorithm::blake2b, "blake2b", 128}, Facts{DigestAlgorithm::xxh3, "xxh3", 16},
    Facts{DigestAlgorithm::crc32c, "crc32c", 8}};

const Facts& facts_of(DigestAlgorithm algorithm) {
    return facts[static_cast<std::size_t>(algorithm)];
}

// What is used of libgcrypt. Linked, it would cost every start 40 of 600 us; asked for
// by name, only those that want a digest.
struct Gcrypt {
    decltype(&::gcry_check_version) check_version = nullptr;
    decltype(&::gcry_control) control = nullptr;
    decltype(&::gcry_md_open) open = nullptr;
    decltype(&::gcry_md_write) write = nullptr;
    decltype(&::gcry_md_read) read = nullptr;
    decltype(&::gcry_md_close) close = nullptr;
    std::string missing;  // why it cannot be used; empty when it can
};

template <class Function>
void find(void* library, const char* name, Function& function, std::string& missing) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) missing = ::dlerror();
}

Gcrypt load_gcrypt() {
    Gcrypt loaded;
    void* const library = ::dlopen("libgcrypt.so.20", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        loaded.missing = ::dlerror();
        return loaded;
    }
    find(library, "gcry_check_version", loaded.check_version, loaded.missing);
    find(library, "gcry_control", loaded.control, loaded.missing);
    find(library, "gcry_md_open", loaded.open, loaded.missing);
    find(library, "gcry_md_write", loaded.write, loaded.missing);
    find(library, "gcry_md_read", loaded.read, loaded.missing);
    find(library, "gcry_md_close", loaded.close, loaded.missing);
    if (!loaded.missing.empty()) return loaded;
    // There are no secrets in a digest of what is written anyway.
    (void)loaded.check_version(nullptr);
    (void)loaded.control(GCRYCTL_DISABLE_SECMEM, 0);
    (void)loaded.control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    return loaded;
}

const Gcrypt& gcrypt() {
    static const Gcrypt loaded = load_gcrypt();
    return loaded;
}

int number_of(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::sha256: return GCRY_MD_SHA256;
        case DigestAlgorithm::sha512: return GCRY_MD_SHA512;
        default: return GCRY_MD_BLAKE2B_512;
    }
}

class GcryptDigest : public Digest {
public:
    GcryptDigest(gcry_md_hd_t handle, DigestAlgorithm algorithm)
        : handle_(handle), algorithm_(algorithm) {}
    GcryptDigest(const GcryptDigest&) = delete;
    GcryptDigest& operator=(const GcryptDigest&) = delete;
    ~GcryptDigest() override { gcrypt().close(handle_); }

    void update(std::span<const std::byte> bytes) override {
        gcrypt().write(handle_, bytes.data(), bytes.size());
    }
    std::string hex() override {
        const std::uint8_t* const digest = gcrypt().read(handle_, number_of(algorithm_));
        std::string text;
        for (std::size_t i = 0; i < hex_length(algorithm_) / 2; ++i)
            text += fmt::format("{:02x}", digest[i]);
        return text;
    }
    [[nodiscard]] bool is_slow() const override { return true; }

private:
    gcry_md_hd_t handle_;
    DigestAlgorithm algorithm_;
};

class Xxh3Digest : public Digest {
public:
    Xxh3Digest() : state_(XXH3_createState()) { (void)XXH3_64bits_reset(state_.get()); }
    void update(std::span<const std::byte> bytes) override {
        (void)XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
    }
    std::string hex() override { return fmt::format("{:016x}", XXH3_64bits_digest(state_.get())); }
    [[nodiscard]] bool is_slow() const override { return false; }

private:
    struct Free {
        void operator()(XXH3_state_t* state) const { (void)XXH3_freeState(state); }
    };
    std::unique_ptr<XXH3_state_t, Free> state_;
};

class Crc32cDigest : public Digest {
public:
    void update(std::span<const std::byte> bytes) override { state_ = crc32c(state_, bytes); }
    std::string hex() override { return fmt::format("{:08x}", state_); }
    [[nodiscard]] bool is_slow() const override { return false; }

private:
    std::uint32_t state_ = 0;
};

}  // namespace

const char* name_of(DigestAlgorithm algorithm) { return facts_of(algorithm).name; }

std::optional<DigestAlgorithm> digest_named(std::string_view name) {
    for (const Facts& each : facts)
        if (name == each.name) return each.algorithm;
    return std::nullopt;
}

std::size_t hex_length(DigestAlgorithm algorithm) { return facts_of(algorithm).hex_length; }

Result<std::unique_ptr<Digest>> Digest::create(DigestAlgorithm algorithm) {
    if (algorithm == DigestAlgorithm::xxh3) return std::make_unique<Xxh3Digest>();
    if (algorithm == DigestAlgorithm::crc32c) return std::make_unique<Crc32cDigest>();
    if (!gcrypt().missing.empty())
        return failure(Error::told(Errc::unavailable, "dlopen", gcrypt().missing));
    gcry_md_hd_t handle = nullptr;
    if (gcrypt().open(&handle, number_of(algorithm), 0) != 0)
        return failure(Error::told(Errc::unavailable, "gcry_md_open",
                                   fmt::format("libgcrypt has no {}", name_of(algorithm))));
    return std::make_unique<GcryptDigest>(handle, algorithm);
}

}  // namespace zc
