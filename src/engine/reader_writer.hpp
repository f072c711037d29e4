// What a caller may bring instead of a descriptor.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>

#include "kernel/result.hpp"

namespace zc {

// Anything with `Result<std::size_t> read(std::span<std::byte> into)`: how many bytes it put
// there, 0 at its end. It may wait.
template <class T>
concept Reader = requires(T& it, std::span<std::byte> into) {
    { it.read(into) } -> std::same_as<Result<std::size_t>>;
};

// Anything with `Result<std::size_t> write(std::span<const std::byte> from)`: how many of
// these bytes it took, at least one. It may wait.
template <class T>
concept Writer = requires(T& it, std::span<const std::byte> from) {
    { it.write(from) } -> std::same_as<Result<std::size_t>>;
};

using ReadFunction = std::function<Result<std::size_t>(std::span<std::byte>)>;
using WriteFunction = std::function<Result<std::size_t>(std::span<const std::byte>)>;

// Both refer to `it`, which must outlive them.
template <Reader T>
[[nodiscard]] ReadFunction reading(T& it) {
    return [&it](std::span<std::byte> into) { return it.read(into); };
}
template <Writer T>
[[nodiscard]] WriteFunction writing(T& it) {
    return [&it](std::span<const std::byte> from) { return it.write(from); };
}

}  // namespace zc
