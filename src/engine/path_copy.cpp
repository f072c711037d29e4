// read(2) and write(2) through the workspace's buffer: fits everywhere, and the
// last method of every plan, because its errors are the true ones. `uncached` is
// the same with RWF_DONTCACHE.
#include "engine/path_io.hpp"
#include "kernel/limits.hpp"

namespace zc {
namespace {

Cache for_end(const Endpoint& end, Cache wanted) {
    return has_page_cache(end.facts.kind) ? wanted : Cache::normal;
}

// "Not this way" is an answer only where another way exists.
Result<Step> refused(const Error& error, Side side, Cache cache) {
    return cache == Cache::bypass ? waits_demotes_or_fails(error, side)
                                  : waits_or_fails(error, side);
}

Result<Step> step_buffered(Route& route, std::size_t limit, Cache cache) {
    if (route.space.buffer.size() == 0) {
        auto loaded = load_buffer(route, limit, cache);
        if (!loaded || loaded->kind != Step::Kind::moved) return loaded;
    }
    return deliver_held(route, cache);
}

// Large writes are cheaper on a socket that is slept on (limits.hpp). New memory costs a page
// fault for each of its pages, and so a small file does without.
void prepare_for_bulk(Route& route) {
    const bool sleeps_on_socket = has_page_cache(route.source.facts.kind) &&
                                  is_socket(route.sink.facts.kind) &&
                                  route.waiting == Waiting::in_kernel;
    if (sleeps_on_socket && route.taken >= limits::socket_bulk_bytes &&
        route.space.buffer.size() == 0)
        route.space.buffer.reserve(limits::file_to_socket_bytes);
}

}  // namespace

Result<Step> load_buffer(Route& route, std::size_t limit, Cache wanted) {
    Workspace& space = route.space;
    if (space.carrier.size() != 0) return unload_carrier(route).map([] { return moved(); });
    if (route.source_error) return failure(*route.source_error);
    auto room = space.buffer.room();
    const Cache cache = for_end(route.source, wanted);
    const auto got = read_source(route, room.first(std::min(limit, room.size())), cache);
    if (!got) return refused(got.error(), Side::source, cache);
    if (*got == 0) return ended();
    space.buffer.filled(*got);
    route.taken += *got;
    return moved();
}

Result<Step> write_some(Route& route, std::span<const std::byte> from, Cache wanted) {
    const Cache cache = for_end(route.sink, wanted);
    const auto written = write_sink(route, from, cache);
    if (!written) return refused(written.error(), Side::sink, cache);
    // Some drivers say 0 when they are full; asking again would never end.
    if (*written == 0) return failure(Error::stuck().at(Side::sink));
    if (*written < from.size()) ++route.shorts;
    route.delivered += *written;
    return moved();
}

Result<Step> deliver_held(Route& route, Cache wanted) {
    Buffer& buffer = route.space.buffer;
    if (buffer.size() == 0)
        if (auto unloaded = unload_carrier(route); !unloaded) return failure(unloaded.error());
    const std::uint64_t before = route.delivered;
    auto step = write_some(route, buffer.unread(), wanted);
    buffer.consumed(static_cast<std::size_t>(route.delivered - before));
    return step;
}

Result<Step> step_copy(Route& route, std::size_t limit) {
    prepare_for_bulk(route);
    return step_buffered(route, limit, Cache::normal);
}

Result<Step> step_uncached(Route& route, std::size_t limit) {
    if (route.space.buffer.size() == 0) route.space.buffer.reserve(limits::uncached_bytes);
    return step_buffered(route, limit, Cache::bypass);
}

}  // namespace zc
