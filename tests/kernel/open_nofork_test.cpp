#include "kernel/sys_file.hpp"
#include "open_support.hpp"

namespace zc::test {
namespace {

Stream onto(const std::string& program, Stream& other, Use use) {
    auto stream = spawn_onto(address(program), other, use, {});
    if (!stream) FAIL(stream.error().subject + ": " + cause(stream.error()));
    CHECK(other.close().has_value());
    CHECK_FALSE(stream->reader().valid());
    CHECK_FALSE(stream->writer().valid());
    CHECK(stream->child_exit().valid());
    return std::move(*stream);
}

Error refused_onto(const std::string& program, const std::string& other) {
    const auto stream = spawn_onto(address(program), opened(other, Use::both), Use::both, {});
    REQUIRE_FALSE(stream.has_value());
    CHECK(stream.error().subject == "EXEC:cat");
    return stream.error();
}

}  // namespace

TEST_CASE("nofork: the program has the connection itself, and the end goes on by itself") {
    for (const char* how : {"EXEC:cat,nofork", "SYSTEM:cat <&7 >&9,nofork,fdin=7,fdout=9",
                            "SYSTEM:cat <&7 >&7,nofork,fdin=7,fdout=7"}) {
        INFO(how);
        Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1");
        Stream client = opened("TCP:127.0.0.1:" + port_of(listener), Use::both);
        Accepted server = taken(listener);
        Stream program = onto(how, server.stream, Use::both);
        write_text(client.writer(), "to and fro");
        CHECK(client.end_writing().has_value());
        CHECK(read_all(client.reader()) == "to and fro");
        CHECK(program.finish({}).has_value());
    }
}

TEST_CASE("nofork: what is ours blocks, what is inherited stays as it is") {
    Stream echo = opened("PIPE", Use::both);
    const Fd kept = sys::duplicate(echo.reader(), 3).value();
    REQUIRE(not_blocking(kept.view()));
    Stream reader = onto("EXEC:true,nofork", echo, Use::both);
    CHECK_FALSE(not_blocking(kept.view()));
    CHECK(reader.finish({}).has_value());
    REQUIRE(sys::set_not_blocking(kept.view()).has_value());
    Stream inherited = opened("FD:" + std::to_string(kept.view().number()), Use::read);
    CHECK(onto("EXEC:true,nofork", inherited, Use::write).finish({}).has_value());
    CHECK(not_blocking(kept.view()));
}

TEST_CASE("nofork: one direction, two addresses in one, and a status") {
    const Directory in;
    put_file(in / "a", "input");
    Stream source = opened("OPEN:" + (in / "a"), Use::read);
    CHECK(onto("SYSTEM:cat >" + (in / "b") + ",nofork", source, Use::write).finish({}).has_value());
    CHECK(content(in / "b") == "input");
    Stream sink = opened("CREATE:" + (in / "c"), Use::write);
    CHECK(
        onto("SYSTEM:echo hi; echo ho >&2,nofork,stderr", sink, Use::read).finish({}).has_value());
    CHECK(content(in / "c") == "hi\nho\n");
    Stream both = opened("OPEN:" + (in / "a") + "!!CREATE:" + (in / "d"), Use::both);
    Stream program = onto("SYSTEM:cat; exit 3,nofork", both, Use::both);
    CHECK(cause(program.finish({}).error()) == "exit status 3");
    CHECK(content(in / "d") == "input");
}

TEST_CASE("nofork: where it has no place it is refused") {
    CHECK(cause(refused("EXEC:cat,nofork", Use::both)) ==
          "option \"nofork\" is for the second address of a relay");
    CHECK(cause(refused_onto("EXEC:cat,nofork", "PIPE,readbytes=1")) ==
          "option \"nofork\" leaves nobody to see to \"ignoreeof\" or \"readbytes\"");
    CHECK(refused_onto("EXEC:cat,nofork,fdin=5,fdout=5", "PIPE").kind == Errc::bad_address);
}

}  // namespace zc::test
