#include "engine/plan.hpp"

#include <array>
#include <string>

#include "catch.hpp"

using namespace zc;

namespace {

struct Named {
    const char* name;
    FdKind kind;
    Append append = Append::no;
};

constexpr std::array<Named, 11> kinds{{{"file", FdKind::regular},
                                       {"append", FdKind::regular, Append::yes},
                                       {"block", FdKind::block_device},
                                       {"pipe", FdKind::pipe},
                                       {"tcp", FdKind::tcp_socket},
                                       {"unix", FdKind::unix_socket},
                                       {"packet", FdKind::packet_socket},
                                       {"memory", FdKind::memory_device},
                                       {"tty", FdKind::terminal},
                                       {"dir", FdKind::directory},
                                       {"other", FdKind::other}}};

FdFacts facts_of(const Named& end) {
    FdFacts facts;
    facts.kind = end.kind;
    facts.append = end.append;
    return facts;
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

// The first method; "lease" is the carrier under a lease. All end with `copy`.
std::string word(const Plan& plan) {
    REQUIRE(plan.count >= 1);
    REQUIRE(plan.methods[plan.count - 1] == Method::copy);
    REQUIRE(plan.count <= 2);
    return plan.aliases ? "lease" : name_of(plan.methods[0]);
}

std::string table(Policy policy) {
    std::string text = "\nfrom / to";
    for (const Named& sink : kinds) text += " " + padded(sink.name, 8);
    for (const Named& source : kinds) {
        text += "\n" + padded(source.name, 9);
        for (const Named& sink : kinds)
            text += " " + padded(word(choose_plan(facts_of(source), facts_of(sink), policy)), 8);
    }
    std::string trimmed;  // no blanks at the ends of lines
    for (const char c : text + "\n") {
        if (c == '\n') trimmed.erase(trimmed.find_last_not_of(' ') + 1);
        trimmed += c;
    }
    return trimmed;
}

}  // namespace

TEST_CASE("plan: --zero-copy=auto hands out no page without a lease") {
    CHECK(table({}) == R"(
from / to file     append   block    pipe     tcp      unix     packet   memory   tty      dir      other
file      reflink  copy     copy     lease    copy     lease    copy     carrier  copy     copy     copy
append    reflink  copy     copy     lease    copy     lease    copy     carrier  copy     copy     copy
block     copy     copy     copy     copy     copy     copy     copy     carrier  copy     copy     copy
pipe      splice   copy     splice   splice   carrier  carrier  copy     splice   copy     copy     copy
tcp       carrier  copy     carrier  carrier  carrier  carrier  copy     carrier  copy     copy     copy
unix      carrier  copy     carrier  carrier  copy     carrier  copy     carrier  copy     copy     copy
packet    copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
memory    carrier  copy     carrier  carrier  carrier  carrier  copy     carrier  copy     copy     copy
tty       copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
dir       copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
other     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
)");
}

TEST_CASE("plan: --zero-copy=always") {
    CHECK(table({ZeroCopy::always, Cache::normal}) == R"(
from / to file     append   block    pipe     tcp      unix     packet   memory   tty      dir      other
file      reflink  copy     copy     carrier  carrier  carrier  copy     carrier  copy     copy     copy
append    reflink  copy     copy     carrier  carrier  carrier  copy     carrier  copy     copy     copy
block     copy     copy     copy     carrier  carrier  carrier  copy     carrier  copy     copy     copy
pipe      splice   copy     splice   splice   carrier  carrier  copy     splice   copy     copy     copy
tcp       carrier  copy     carrier  carrier  carrier  carrier  copy     carrier  copy     copy     copy
unix      carrier  copy     carrier  carrier  carrier  carrier  copy     carrier  copy     copy     copy
packet    copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
memory    carrier  copy     carrier  carrier  carrier  carrier  copy     carrier  copy     copy     copy
tty       copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
dir       copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
other     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy     copy
)");
}

TEST_CASE("plan: --zero-copy=never") {
    for (const Named& source : kinds)
        for (const Named& sink : kinds)
            CHECK(word(choose_plan(facts_of(source), facts_of(sink),
                                   {ZeroCopy::never, Cache::normal})) == "copy");
}

TEST_CASE("plan: bypassing the cache concerns files and disks only") {
    CHECK(table({ZeroCopy::automatic, Cache::bypass}) == R"(
from / to file     append   block    pipe     tcp      unix     packet   memory   tty      dir      other
file      uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached
append    uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached
block     uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached uncached
pipe      uncached uncached uncached splice   carrier  carrier  copy     splice   copy     copy     copy
tcp       uncached uncached uncached carrier  carrier  carrier  copy     carrier  copy     copy     copy
unix      uncached uncached uncached carrier  copy     carrier  copy     carrier  copy     copy     copy
packet    uncached uncached uncached copy     copy     copy     copy     copy     copy     copy     copy
memory    uncached uncached uncached carrier  carrier  carrier  copy     carrier  copy     copy     copy
tty       uncached uncached uncached copy     copy     copy     copy     copy     copy     copy     copy
dir       uncached uncached uncached copy     copy     copy     copy     copy     copy     copy     copy
other     uncached uncached uncached copy     copy     copy     copy     copy     copy     copy     copy
)");
}
