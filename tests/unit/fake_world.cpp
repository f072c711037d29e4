#include "unit/fake_world.hpp"

#include <cerrno>

#include "unit/fake_thing.hpp"

namespace zc::test {
namespace {

fake::Thing thing_of(FdKind kind, Mode mode) {
    fake::Thing thing;
    thing.kind = kind;
    thing.blocking = mode.blocking;
    thing.cached_only = false;
    return thing;
}

}  // namespace

FakeWorld::FakeWorld(const Case& which, Mode mode)
    : which_(which),
      source_(kernel_.open(thing_of(which.source, mode))),
      sink_(kernel_.open(thing_of(which.sink, mode))) {
    kernel_.calls_may_sleep = mode.waiting == Waiting::in_kernel;
    kernel_.on_sleep = [this] { return act(); };
    kernel_.largest_pipe = room_bytes;
}

Endpoint FakeWorld::source() { return *look_at(source_.view(), "source"); }
Endpoint FakeWorld::sink() { return *look_at(sink_.view(), "sink"); }

bool FakeWorld::is_ready(const Interest& interest) {
    const fake::Thing& thing = kernel_.of(interest.fd);
    if (thing.failing && thing.failing->bytes == 0) return true;
    return fake::is_ready(thing, interest.event);
}

std::string FakeWorld::left_in_source() {
    std::string left;
    do {
        fake::Thing& thing = kernel_.of(source_.view());
        while (fake::has_bytes(thing)) left += fake::take_slot(thing, 4096).text();
    } while (feed());
    return left;
}

bool FakeWorld::trickle_source() {
    kernel_.of(source_.view()).cut = [](std::size_t) { return std::size_t{1}; };
    return one_by_one_ = true;
}

bool FakeWorld::cut_sink(std::size_t divisor) {
    kernel_.of(sink_.view()).cut = [divisor](std::size_t bytes) { return bytes / divisor; };
    return true;
}

bool FakeWorld::small_sink() {
    if (which_.sink == FdKind::regular) return false;
    kernel_.largest_pipe = 8 * 4096;
    kernel_.of(sink_.view()).slot_count = 1;
    kernel_.of(sink_.view()).room = 100;
    return true;
}

bool FakeWorld::break_source() {
    kernel_.of(source_.view()).failing = {1, source_code = EIO};
    return true;
}

bool FakeWorld::break_sink() {
    kernel_.of(sink_.view()).failing = {1, sink_code = EIO};
    return true;
}

bool FakeWorld::refuse_zero_copy(Side side, unsigned at_call) {
    const FdView end = side == Side::source ? source_.view() : sink_.view();
    const fake::When when{at_call, ~0U, end};
    kernel_.fails(fake::Call::splice, EINVAL, when);
    kernel_.fails(fake::Call::copy_file_range, EXDEV, when);
    kernel_.of(end).cached_only = true;
    return which_.method != Method::uncached || which_.source == FdKind::regular ||
           side == Side::sink;
}

bool FakeWorld::shrink_source(std::size_t bytes) {
    kernel_.of(source_.view()).content.resize(bytes);
    return true;
}

bool FakeWorld::answer_try_later(unsigned times) {
    // A file never says so.
    for (const FdView end : {source_.view(), sink_.view()}) {
        if (kernel_.of(end).kind == FdKind::regular) continue;
        for (const auto call : {fake::Call::read, fake::Call::write, fake::Call::splice})
            kernel_.fails(call, EAGAIN, {2, times, end});
    }
    return which_.method != Method::reflink;
}

std::size_t FakeWorld::send(std::string_view bytes) {
    return fake::send(kernel_.of(source_.view()), bytes);
}

void FakeWorld::end_source() { kernel_.of(source_.view()).ended = true; }

std::string FakeWorld::drain() {
    fake::Thing& sink = kernel_.of(sink_.view());
    if (sink.kind != FdKind::regular) return fake::drain(sink);
    return sink.content.substr(std::exchange(seen_, sink.content.size()));
}

}  // namespace zc::test
