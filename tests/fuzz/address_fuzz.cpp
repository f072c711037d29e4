// Whatever the bytes: parsing ends, and what was understood prints as text that
// means the same. What was not understood is an Error with one line of detail.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "address/address.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto address = zc::parse_address({reinterpret_cast<const char*>(data), size});
    if (!address) {
        const zc::Error& error = address.error();
        if (error.detail.empty() || error.detail.find('\n') != std::string::npos) std::abort();
        return 0;
    }
    const auto again = zc::parse_address(zc::print(*address));
    if (!again || *again != *address) std::abort();
    return 0;
}
