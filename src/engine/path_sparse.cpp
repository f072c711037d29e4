// read(2) and write(2) that leave holes: the source's holes are not read, and
// blocks of zeros are not written.
//
// The step:
// 1. Bytes in the buffer: write those before the next block of zeros, or pass
//    over the blocks of zeros at the front.
// 2. Buffer empty: pass over the hole that the source is in, if it is in one, or
//    read up to the next hole, then do 1 at once.
//
// What must stay true. A hole is left only at the end of the sink, where nothing
// is that zeros would have to replace, and the sink is made so long at once: its
// size is right after every step. Where it has content already, zeros are written.
#include <algorithm>
#include <array>
#include <cstring>

#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {
namespace {

// Where the sink is written next, and whether a hole may be there.
struct Place {
    std::uint64_t at = 0;
    bool at_end = false;
};

Result<Place> place_of(Route& route) {
    route.calls += 2;
    const auto at = sys::offset(route.sink.fd);
    const auto facts = classify(route.sink.fd);
    if (!at || !facts) return failure((at ? facts.error() : at.error()).at(Side::sink));
    return Place{*at, *at >= facts->size_bytes};
}

// Nothing has been taken or delivered when it fails.
Result<void> leave_hole(Route& route, std::uint64_t at, std::uint64_t bytes) {
    route.calls += 2;
    if (auto longer = sys::resize(route.sink.fd, at + bytes); !longer)
        return failure(longer.error().at(Side::sink));
    const auto moved_on = sys::seek(route.sink.fd, at + bytes, sys::Seek::to);
    if (!moved_on) return failure(moved_on.error().at(Side::sink));
    if (route.sink_trail) route.sink_trail->passed(bytes);
    return {};
}

bool is_zero(std::span<const std::byte> block) {
    static constexpr std::array<std::byte, limits::page_bytes> zeros{};
    return std::memcmp(block.data(), zeros.data(), block.size()) == 0;
}

// How many bytes at the front are whole blocks of the sink that are all zeros
// (`wanted`), or lie before the first such block (not `wanted`).
enum class Blocks : std::uint8_t { zeros, others };
std::size_t run_of(std::span<const std::byte> bytes, std::uint64_t at, Blocks wanted) {
    std::size_t run = 0;
    while (run < bytes.size()) {
        const std::size_t to_boundary = limits::page_bytes - (at + run) % limits::page_bytes;
        const std::size_t size = std::min(to_boundary, bytes.size() - run);
        const bool whole = size == limits::page_bytes;
        const bool zeros = whole && is_zero(bytes.subspan(run, size));
        if (zeros != (wanted == Blocks::zeros)) break;
        run += size;
    }
    return run;
}

Result<Step> deliver(Route& route) {
    Buffer& buffer = route.space.buffer;
    const auto place = place_of(route);
    if (!place) return failure(place.error());
    if (!place->at_end) return deliver_held(route);
    const std::size_t zeros = run_of(buffer.unread(), place->at, Blocks::zeros);
    if (zeros != 0) {
        auto left = leave_hole(route, place->at, zeros);
        if (!left) return waits_demotes_or_fails(left.error(), Side::sink);
        buffer.consumed(zeros);
        route.delivered += zeros;
        return moved();
    }
    const std::size_t data = run_of(buffer.unread(), place->at, Blocks::others);
    const auto written = write_sink(route, buffer.unread().first(data), Cache::normal);
    if (!written) return waits_or_fails(written.error(), Side::sink);
    if (*written == 0) return failure(Error::stuck().at(Side::sink));
    buffer.consumed(*written);
    route.delivered += *written;
    return moved();
}

// The data that comes next in a regular source: where it starts, and how long it
// is. Without any, it starts at the end of the file.
struct Extent {
    std::uint64_t at = 0;
    std::uint64_t start = 0;
    std::size_t bytes = 0;
};

// Kernel: SEEK_DATA answers ENXIO at and after the end, and in a hole that ends
// the file; file systems that know no holes say that all is data.
Result<Extent> next_data(Route& route) {
    const FdView source = route.source.fd;
    route.calls += 4;
    const auto at = sys::offset(source);
    if (!at) return failure(at.error());
    auto start = sys::seek(source, *at, sys::Seek::data);
    if (!start) start = sys::seek(source, 0, sys::Seek::end);
    if (!start) return failure(start.error());
    const auto end = sys::seek(source, *start, sys::Seek::hole);
    if (auto back = sys::seek(source, *at, sys::Seek::to); !back) return failure(back.error());
    return Extent{*at, *start, end ? static_cast<std::size_t>(*end - *start) : 0};
}

}  // namespace

Result<Step> step_sparse(Route& route, std::size_t limit) {
    if (route.space.carrier.size() != 0 && route.space.buffer.size() == 0) {
        auto unloaded = unload_carrier(route);
        if (!unloaded) return failure(unloaded.error());
    }
    if (route.space.held() != 0) return deliver(route);
    if (route.source.facts.kind == FdKind::regular) {
        const auto data = next_data(route);
        if (!data) return waits_demotes_or_fails(data.error(), Side::source);
        if (data->start > data->at) {
            const auto place = place_of(route);
            if (!place) return failure(place.error());
            const std::uint64_t hole = std::min<std::uint64_t>(limit, data->start - data->at);
            if (place->at_end) {
                auto left = leave_hole(route, place->at, hole);
                if (!left) return waits_demotes_or_fails(left.error(), Side::sink);
                ++route.calls;
                (void)sys::seek(route.source.fd, data->at + hole, sys::Seek::to);
                if (route.source_trail) route.source_trail->passed(hole);
                route.space.buffer.clear();  // a tap sees that nothing was read
                route.taken += hole;
                route.delivered += hole;
                return moved();
            }
        } else if (data->bytes != 0) {
            limit = std::min(limit, data->bytes);
        }
    }
    auto loaded = load_buffer(route, limit, Cache::normal);
    if (!loaded || loaded->kind != Step::Kind::moved) return loaded;
    return deliver(route);
}

}  // namespace zc
