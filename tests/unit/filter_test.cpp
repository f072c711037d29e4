// Filtered transfers, skipped bytes, and the branches of `sparse` that no file
// system of ours takes.
#include <cerrno>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/run_filtered.hpp"
#include "engine/skip.hpp"
#include "unit/fake_kernel.hpp"

using namespace zc;
using zc::test::pattern;

namespace {

struct Ends {
    Ends(fake::Thing from, fake::Thing to)
        : source(kernel.open(std::move(from))), sink(kernel.open(std::move(to))) {
        kernel.on_sleep = [this] {
            const std::string fresh = fake::drain(kernel.of(sink.view()));
            received += fresh;
            const std::string next = later.substr(0, 1);
            later.erase(0, next.size());
            if (!next.empty()) fake::send(kernel.of(source.view()), next);
            if (next.empty() && fresh.empty() && !kernel.of(source.view()).ended)
                return kernel.of(source.view()).ended = true;
            return !next.empty() || !fresh.empty();
        };
    }
    Endpoint from() { return *look_at(source.view(), "source"); }
    Endpoint to() { return *look_at(sink.view(), "sink"); }
    std::string all() {
        fake::Thing& end = kernel.of(sink.view());
        return end.kind == FdKind::regular ? end.content : received + fake::drain(end);
    }

    fake::Kernel kernel;
    Fd source;
    Fd sink;
    std::string later;  // sent a byte at a time whenever somebody sleeps
    std::string received;
    Workspace space;
};

fake::Thing file(std::string content) { return {.content = std::move(content)}; }
fake::Thing socket(Blocking blocking) {
    return {.kind = FdKind::unix_socket, .blocking = blocking};
}

// Doubles every byte.
class Doubling {
public:
    std::span<const std::byte> operator()(std::span<const std::byte> taken) {
        text_.clear();
        for (const std::byte byte : taken) text_.insert(text_.end(), 2, byte);
        ++calls;
        return text_;
    }
    int calls = 0;

private:
    std::vector<std::byte> text_;
};

std::string doubled(const std::string& text) {
    std::string all;
    for (const char c : text) all.append(2, c);
    return all;
}

}  // namespace

TEST_CASE("filter: what comes is changed and delivered before more is read") {
    const Blocking blocking = GENERATE(Blocking::yes, Blocking::no);
    Ends ends(socket(blocking), socket(blocking));
    ends.later = pattern(100);
    Doubling doubling;
    const auto report = run_filtered(ends.from(), ends.to(), ends.space, {}, std::ref(doubling));
    CHECK_FALSE(report.error);
    CHECK((ends.all() == doubled(pattern(100))));
    CHECK(doubling.calls == 100);
    CHECK(report.taken == 100);
    CHECK(report.bytes == 200);
}

TEST_CASE("filter: the limit counts what is taken, and the rest stays in the source") {
    Ends ends(file(pattern(1000)), file(""));
    TransferOptions how;
    how.limit = 300;
    Doubling doubling;
    const auto report = run_filtered(ends.from(), ends.to(), ends.space, how, std::ref(doubling));
    CHECK(report.taken == 300);
    CHECK((ends.all() == doubled(pattern(300))));
    CHECK(ends.kernel.of(ends.source.view()).offset == 300);
}

TEST_CASE("filter: a read that fails is the source's error, and what came before is delivered") {
    Ends ends(file(pattern(200'000)), file(""));
    ends.kernel.fails(fake::Call::read, EIO, {2});
    Doubling doubling;
    const auto report = run_filtered(ends.from(), ends.to(), ends.space, {}, std::ref(doubling));
    REQUIRE(report.error);
    CHECK(report.error->side == Side::source);
    CHECK(report.error->subject == "source");
    CHECK(report.bytes != 0);
    CHECK((ends.all() == doubled(pattern(report.bytes / 2))));
}

TEST_CASE("filter: a write that fails is the sink's error") {
    Ends ends(file(pattern(1000)), file(""));
    ends.kernel.fails(fake::Call::write, ENOSPC);
    Doubling doubling;
    const auto report = run_filtered(ends.from(), ends.to(), ends.space, {}, std::ref(doubling));
    REQUIRE(report.error);
    CHECK(report.error->side == Side::sink);
    CHECK(report.error->code == ENOSPC);
    CHECK(report.bytes == 0);
}

TEST_CASE("filter: a sink that takes nothing and says nothing is an error, not a loop") {
    Ends ends(file("text"), file(""));
    ends.kernel.fails(fake::Call::write, 0);
    Doubling doubling;
    const auto report = run_filtered(ends.from(), ends.to(), ends.space, {}, std::ref(doubling));
    REQUIRE(report.error);
    CHECK(report.error->side == Side::sink);
}

TEST_CASE("skip: a file is passed over by a seek, without a read") {
    Ends ends(file(pattern(1'000'000)), file(""));
    CHECK(skip_bytes(ends.from(), ends.space, 400'000).value() == 400'000);
    CHECK(ends.kernel.of(ends.source.view()).offset == 400'000);
    CHECK(ends.kernel.calls(fake::Call::read) == 0);
}

TEST_CASE("skip: past the end of a file it tells how far it came") {
    Ends ends(file(pattern(1'000'000)), file(""));
    CHECK(skip_bytes(ends.from(), ends.space, 5'000'000).value() == 1'000'000);
}

TEST_CASE("skip: where no seek is possible the bytes are read, as they come") {
    const Blocking blocking = GENERATE(Blocking::yes, Blocking::no);
    Ends ends(socket(blocking), file(""));
    ends.later = pattern(50);
    CHECK(skip_bytes(ends.from(), ends.space, 20).value() == 20);
    CHECK(ends.space.held() == 0);
    CHECK(skip_bytes(ends.from(), ends.space, 100).value() == 30);
}

TEST_CASE("skip: a file that refuses to seek is read") {
    Ends ends(file(pattern(1'000'000)), file(""));
    ends.kernel.fails(fake::Call::seek, EINVAL);
    CHECK(skip_bytes(ends.from(), ends.space, 400'000).value() == 400'000);
    CHECK(ends.kernel.of(ends.source.view()).offset == 400'000);
}

TEST_CASE("skip: of a file that claims more than it holds only what is there counts") {
    Ends ends(file(pattern(10)), file(""));
    ends.kernel.of(ends.source.view()).claims = 4096;
    CHECK(skip_bytes(ends.from(), ends.space, 1'000'000).value() == 10);
}

TEST_CASE("skip: a read that fails is the source's error") {
    Ends ends(socket(Blocking::yes), file(""));
    ends.kernel.fails(fake::Call::read, ECONNRESET);
    const auto skipped = skip_bytes(ends.from(), ends.space, 10);
    REQUIRE_FALSE(skipped);
    CHECK(skipped.error().side == Side::source);
    CHECK(skipped.error().subject == "source");
}

namespace {
TransferReport run_sparse(Ends& ends) {
    TransferOptions how;
    how.policy.holes = Holes::kept;
    return run_transfer(ends.from(), ends.to(), ends.space, how);
}
const std::string zeros(8192, '\0');
}  // namespace

TEST_CASE("sparse: blocks of zeros are not written, only the file's length is") {
    const std::string content = pattern(4096) + zeros + pattern(100);
    Ends ends(file(content), file(""));
    CHECK_FALSE(run_sparse(ends).error);
    CHECK((ends.all() == content));
    CHECK(ends.kernel.calls(fake::Call::resize) == 1);
}

TEST_CASE("sparse: a file that cannot be made longer gets its zeros written") {
    const std::string content = pattern(4096) + zeros + pattern(100);
    Ends ends(file(content), file(""));
    ends.kernel.fails(fake::Call::resize, EINVAL);
    const auto report = run_sparse(ends);
    CHECK_FALSE(report.error);
    CHECK((ends.all() == content));
    REQUIRE(report.demotions.size() == 1);
    CHECK(report.demotions[0].from == Method::sparse);
}

TEST_CASE("sparse: a file system that knows no holes is read") {
    const std::string content = pattern(4096) + zeros + pattern(100);
    Ends ends(file(content), file(""));
    ends.kernel.fails(fake::Call::seek, EINVAL);
    CHECK_FALSE(run_sparse(ends).error);
    CHECK((ends.all() == content));
}

TEST_CASE("sparse: over content that is there zeros are written") {
    const std::string content = pattern(4096) + zeros + pattern(100);
    Ends ends(file(content), file(std::string(20000, 'x')));
    CHECK_FALSE(run_sparse(ends).error);
    CHECK((ends.all().substr(0, content.size()) == content));
    CHECK(ends.all().size() == 20000);
}

TEST_CASE("sparse: a full disk is the sink's error") {
    Ends ends(file(zeros + pattern(100)), file(""));
    ends.kernel.fails(fake::Call::resize, EFBIG);
    ends.kernel.fails(fake::Call::write, EFBIG);
    const auto report = run_sparse(ends);
    REQUIRE(report.error);
    CHECK(report.error->side == Side::sink);
    CHECK(report.error->code == EFBIG);
}
