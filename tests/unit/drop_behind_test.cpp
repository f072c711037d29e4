// What stays in the page cache where RWF_DONTCACHE is not known.
#include "engine/drop_behind.hpp"

#include <cerrno>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/fanout.hpp"
#include "engine/run_filtered.hpp"
#include "engine/workspace.hpp"
#include "kernel/limits.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using zc::test::pattern;

namespace {

constexpr Policy no_cache{ZeroCopy::automatic, Cache::bypass};
constexpr std::size_t page = limits::page_bytes;
constexpr std::size_t window_pages = limits::drop_window_bytes / page;
constexpr std::size_t long_file = 3 * limits::drop_window_bytes + 5;

fake::Thing file(std::string content) { return {.content = std::move(content)}; }

struct Bench {
    Bench(fake::Thing from, fake::Thing to)
        : source(kernel.open(std::move(from))), sink(kernel.open(std::move(to))) {}
    Endpoint begin() const { return *look_at(source.view(), "source"); }
    Endpoint end() const { return *look_at(sink.view(), "sink"); }
    fake::Thing& from() { return kernel.of(source.view()); }
    fake::Thing& to() { return kernel.of(sink.view()); }
    TransferReport move(Policy policy = no_cache) {
        return run_transfer(begin(), end(), space, {policy, {}, Waiting::in_kernel});
    }

    fake::Kernel kernel;
    Fd source;
    Fd sink;
    Workspace space;
};

}  // namespace

TEST_CASE("no cache: both files are dropped behind, and never more than some windows are there") {
    Bench bench(file(pattern(long_file)), file(""));
    const auto report = bench.move();
    CHECK_FALSE(report.error);
    CHECK(report.method == Method::copy);
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].reason.code == EOPNOTSUPP);
    CHECK(bench.to().content == pattern(long_file));
    CHECK(bench.from().cached.empty());
    CHECK(bench.to().cached.empty());
    CHECK(bench.from().most_cached <= window_pages + limits::buffer_bytes / page);
    CHECK(bench.to().most_cached <= 2 * window_pages + limits::buffer_bytes / page);
}

TEST_CASE("no cache: pages that were there before stay, in either file") {
    Bench bench(file(pattern(long_file)), file(std::string(long_file, 'x')));
    const std::set<std::size_t> hot{0, 1, 5, window_pages, 2 * window_pages - 1, 3 * window_pages};
    bench.from().cached = bench.to().cached = hot;
    CHECK_FALSE(bench.move().error);
    CHECK(bench.from().cached == hot);
    CHECK(bench.to().cached == hot);
}

TEST_CASE(
    "no cache: from the middle of a file on; the page that is entered there stays if it was hot") {
    Bench bench(file(pattern(long_file)), file(""));
    bench.from().offset = 10 * page + 7;
    bench.from().cached = {10};
    CHECK_FALSE(bench.move().error);
    CHECK(bench.from().cached == std::set<std::size_t>{10});
    CHECK(bench.to().content == pattern(long_file).substr(10 * page + 7));
}

TEST_CASE("no cache: of a file that is only written what was behind its old end is dropped") {
    Bench bench(file(pattern(long_file)), file(std::string(3 * page, 'x')));
    bench.to().for_writing_only = true;
    CHECK_FALSE(bench.move().error);
    CHECK(bench.to().cached == std::set<std::size_t>{0, 1, 2});
    CHECK(bench.to().content == pattern(long_file));
}

TEST_CASE("no cache: what is appended is dropped") {
    fake::Thing sink = file(std::string(2 * page, 'x'));
    sink.append = Append::yes;
    Bench bench(file(pattern(long_file)), sink);
    bench.to().cached = {0};
    CHECK_FALSE(bench.move().error);
    CHECK(bench.to().content.size() == 2 * page + long_file);
    CHECK(bench.to().cached == std::set<std::size_t>{0});
}

TEST_CASE("no cache: holes that are left count as passed") {
    std::string content = pattern(20 * page);
    content.replace(4 * page, 8 * page, 8 * page, '\0');
    Bench bench(file(content), file(""));
    Policy sparse = no_cache;
    sparse.holes = Holes::kept;
    const auto report = bench.move(sparse);
    CHECK_FALSE(report.error);
    CHECK(report.method == Method::sparse);
    CHECK(bench.to().content == content);
    CHECK(bench.from().cached.empty());
    CHECK(bench.to().cached.empty());
}

TEST_CASE("no cache: a filtered transfer") {
    Bench bench(file(pattern(50 * page)), file(""));
    const auto same = [](std::span<const std::byte> taken) { return taken; };
    TransferOptions how;
    how.policy = no_cache;
    CHECK_FALSE(run_filtered(bench.begin(), bench.end(), bench.space, how, same).error);
    CHECK(bench.from().cached.empty());
    CHECK(bench.to().cached.empty());
}

TEST_CASE("no cache: of what is no file nothing is asked") {
    Bench device(file(pattern(50 * page)),
                 {.kind = FdKind::memory_device, .device = fake::Device::null});
    CHECK_FALSE(device.move().error);
    CHECK(device.from().cached.empty());
}

TEST_CASE("no cache: a fan-out's source and its files") {
    fake::Kernel kernel;
    const Fd source = kernel.open(file(pattern(long_file)));
    const Fd one = kernel.open(file(""));
    const Fd two = kernel.open(file(""));
    kernel.of(source.view()).cached = {3};
    Workspace space;
    TransferOptions how;
    how.policy = no_cache;
    const auto report =
        run_fanout(*look_at(source.view(), "source"),
                   {{*look_at(one.view(), "one")}, {*look_at(two.view(), "two")}}, space, how);
    CHECK_FALSE(report.error);
    CHECK(kernel.of(source.view()).cached == std::set<std::size_t>{3});
    for (const Fd* sink : {&one, &two}) {
        CHECK(kernel.of(sink->view()).content == pattern(long_file));
        CHECK(kernel.of(sink->view()).cached.empty());
    }
}

TEST_CASE(
    "no cache: a hole that is passed over at once costs no memory, and what is behind it counts") {
    fake::Kernel kernel;
    const Fd fd = kernel.open(file(pattern(10 * page)));
    fake::Thing& thing = kernel.of(fd.view());
    constexpr std::uint64_t hole = 1ULL << 50;  // a page each would be 256 Gi of them
    const std::size_t behind = (10 * page + hole) / page;
    thing.claims = hole + 100 * page;
    thing.cached = {0, behind + 1};
    DropBehind trail(*look_at(fd.view(), "file"), Side::source);
    trail.passed(10 * page);
    trail.passed(hole);
    thing.cached.insert({5, behind, behind + 2});
    trail.passed(3 * page);
    trail.end();
    // Page 5 came while nobody looked any more; what was not there before is dropped.
    CHECK(thing.cached == std::set<std::size_t>{0, 5, behind + 1});
}
