// What people and programs are told of a run: numbers, the progress line, the stats.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "report/human.hpp"
#include "report/progress.hpp"
#include "report/stats.hpp"

using namespace zc;
using namespace std::chrono_literals;

namespace {

ProgressLook half_way() {
    ProgressLook look;
    look.bytes = 512ULL << 20;
    look.size = 1ULL << 30;
    look.elapsed = 10s;
    look.interval = 1s;
    look.bytes_before = 448ULL << 20;
    return look;
}

bool has(const std::string& line, const std::string& part) {
    return line.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("numbers: three digits and a binary unit; hours, minutes, seconds") {
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(999) == "999 B");
    CHECK(bytes_text(1024) == "1.00 KiB");
    CHECK(bytes_text(1536) == "1.50 KiB");
    CHECK(bytes_text(10.5 * 1024 * 1024) == "10.5 MiB");
    CHECK(bytes_text(1023.99 * 1024 * 1024) != "1024 MiB");
    CHECK(bytes_text(1.21 * 1024 * 1024 * 1024) == "1.21 GiB");
    CHECK(clock_text(0s) == "0:00:00");
    CHECK(clock_text(12s + 999ms) == "0:00:12");
    CHECK(clock_text(27h + 3min + 59s) == "27:03:59");
}

TEST_CASE("progress: bytes, time, both rates, bar, percent and time left") {
    const std::string line = progress_line(half_way(), 120, Colour::no);
    CHECK(has(line, "512 MiB"));
    CHECK(has(line, "0:00:10"));
    CHECK(has(line, "64.0 MiB/s"));
    CHECK(has(line, "51.2 MiB/s"));
    CHECK(has(line, "50 %"));
    CHECK(has(line, "0:00:10"));
    CHECK_FALSE(has(line, "\033"));
}

TEST_CASE("progress: without a size no bar and no percent") {
    ProgressLook look = half_way();
    look.size.reset();
    const std::string line = progress_line(look, 120, Colour::no);
    CHECK_FALSE(has(line, "%"));
    CHECK_FALSE(has(line, "["));
}

TEST_CASE("progress: fits every width, and tells the bytes as long as they fit") {
    ProgressLook look = half_way();
    look.name = "a long name of what is moved";
    look.others = {"3 of 7 sessions"};
    for (std::size_t columns = 1; columns <= 200; ++columns) {
        const std::string line = progress_line(look, columns, Colour::no);
        CHECK(line.size() <= columns);
        if (columns >= 40) CHECK(has(line, "512 MiB"));
    }
    CHECK(progress_line(look, 0, Colour::no).size() > 60);
}

TEST_CASE("progress: nothing moves for a while, or at all") {
    ProgressLook look = half_way();
    look.still = 12s;
    CHECK(has(progress_line(look, 120, Colour::no), "stalled 12 s"));
    CHECK(has(progress_line(look, 120, Colour::yes), "\033[31mstalled 12 s\033[0m"));
    look.still = 1s;
    CHECK_FALSE(has(progress_line(look, 120, Colour::no), "stalled"));
    CHECK(has(progress_line({}, 80, Colour::no), "0 B"));
}

TEST_CASE("progress: more than was expected is no more than all of it") {
    ProgressLook look = half_way();
    look.size = 1000;
    const std::string line = progress_line(look, 120, Colour::no);
    CHECK(has(line, "100 %"));
}

TEST_CASE("stats: the object has every member, and bytes that are not UTF-8 are no error") {
    RunStats all;
    all.program = "zc-cat";
    TransferStats one;
    one.source = {"a\"b\n\xff", FdKind::regular};
    SinkStats& sink = one.sinks.emplace_back();
    sink.end = {"out", FdKind::pipe};
    sink.missed = 2;
    sink.method = Method::splice;
    one.demotions.push_back(
        {Method::reflink, Method::copy, Error::told(Errc::unavailable, "x", "not there")});
    one.bytes = 7;
    one.calls = 3;
    one.error = "read error";
    all.transfers.push_back(one);
    all.bytes = 5;
    all.digest = DigestStats{"crc32c", "00000000"};
    all.errors = {"it failed"};
    all.exit_status = 1;
    const std::string text = stats_json(all);
    REQUIRE(text.find('\n') == text.size() - 1);
    const auto told = nlohmann::json::parse(text);
    CHECK(told["version"] == 1);
    CHECK(told["running"] == false);
    CHECK(told["digest"]["hex"] == "00000000");
    CHECK(told["exit_status"] == 1);
    const auto& transfer = told["transfers"][0];
    CHECK(transfer["source"]["name"] == "a\"b\n\xef\xbf\xbd");
    CHECK(transfer["sinks"][0]["missed"] == 2);
    CHECK(transfer["sinks"][0]["method"] == "splice");
    CHECK(transfer["demotions"][0]["from"] == "reflink");
    CHECK(transfer["demotions"][0]["reason"] == "not there");
    all.running = true;
    CHECK(nlohmann::json::parse(stats_json(all))["exit_status"].is_null());
    CHECK(stats_text(all).starts_with("zc-cat: "));
}
