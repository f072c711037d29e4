#include "address/describe.hpp"

#include <sstream>
#include <vector>

#include "address/keyword.hpp"
#include "address/option_table.hpp"
#include "catch.hpp"

namespace zc {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

std::size_t count(const std::vector<std::string>& lines, const std::string& wanted) {
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), wanted));
}

// The first word of a line, in lower case.
std::string word_of(const std::string& line) {
    return lower(line.substr(6, line.find_first_of(":[\t ", 6) - 6));
}

}  // namespace

TEST_CASE("describe: addresses have a line each, as socat -hh has") {
    const auto lines = lines_of(describe_addresses());
    REQUIRE(lines.size() == all_keywords().size());
    for (const std::string& line : lines) CHECK(find_keyword(word_of(line)).has_value());
    CHECK(count(lines, "      -\tgroups=FD,FIFO") == 1);
    CHECK(count(lines, "      PIPE[:<filename>]\tgroups=FD,FIFO,NAMED") == 1);
    CHECK(count(lines, "      TCP4:<host>:<port>\tgroups=FD,SOCKET,NETNS,TCP,IP,CONNECT,RETRY") ==
          1);
    CHECK(
        count(lines,
              "      UNIX-LISTEN:<filename>\tgroups=FD,SOCKET,NETNS,LISTEN,BACKLOG,RETRY,NAMED") ==
        1);
    CHECK(count(lines, "      EXEC:<command-line>\tgroups=FD,FIFO,SOCKET,NETNS,EXEC") == 1);
}

TEST_CASE("describe: options have a line each, with the type of their value, and so have aliases") {
    const auto lines = lines_of(describe_options());
    std::size_t names = 0;
    for (const OptionRule& rule : all_rules()) {
        ++names;
        for (const std::string_view alias : rule.aliases) names += alias.empty() ? 0U : 1U;
    }
    REQUIRE(lines.size() == names);
    for (const std::string& line : lines) CHECK(find_rule(word_of(line)) != nullptr);
    CHECK(count(lines, "      fork\tgroups=LISTEN\ttype=BOOL") == 1);
    CHECK(count(lines, "      end-close\tgroups=SOCKET,EXEC\ttype=CONST") == 1);
    CHECK(count(lines, "      connect-timeout\tgroups=CONNECT\ttype=STRUCT-TIMEVAL") == 1);
    CHECK(count(lines, "      mode\tgroups=NAMED\ttype=MODE_T") == 1);
    CHECK(count(lines, "      perm is an alias for mode") == 1);
    CHECK(count(lines, "      bind\tgroups=IP\ttype=STRING") == 1);
    CHECK(count(lines, "      backlog\tgroups=BACKLOG\ttype=INT") == 1);
}

}  // namespace zc
