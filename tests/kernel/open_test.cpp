#include <fcntl.h>
#include <netdb.h>

#include <cerrno>
#include <thread>

#include "kernel/sys_net.hpp"
#include "open_support.hpp"

namespace zc::test {

TEST_CASE("open: OPEN neither creates nor truncates unless told") {
    const Directory in;
    CHECK(refused("OPEN:" + (in / "f"), Use::write).code == ENOENT);
    put_file(in / "f", "12345");
    Stream stream = opened("OPEN:" + (in / "f"), Use::write);
    CHECK_FALSE(stream.reader().valid());
    CHECK(stream.label() == in / "f");
    write_text(stream.writer(), "ab");
    CHECK(stream.finish({}).has_value());
    CHECK(content(in / "f") == "ab345");
    (void)opened("OPEN:" + (in / "f") + ",trunc", Use::write);
    CHECK(content(in / "f").empty());
}

TEST_CASE("open: CREATE empties, a bare path appends and creates") {
    const Directory in;
    put_file(in / "f", "old");
    (void)opened("CREATE:" + (in / "f"), Use::write);
    CHECK(content(in / "f").empty());
    CHECK(cause(refused("CREATE:" + (in / "f"), Use::read)) == "CREATE cannot be read");
    for (const char* text : {"one", "two"}) write_text(opened(in / "g", Use::write).writer(), text);
    CHECK(content(in / "g") == "onetwo");
    CHECK(read_all(opened(in / "g", Use::read).reader()) == "onetwo");
    CHECK(refused(in / "missing", Use::read).code == ENOENT);
    CHECK(refused("OPEN:" + (in / "g") + ",creat,excl", Use::write).code == EEXIST);
    CHECK(cause(refused(in / "g" + ",rdonly", Use::write)) == "\"rdonly\" cannot be written");
    CHECK_FALSE(opened(in / "g" + ",rdonly", Use::both).writer().valid());
}

TEST_CASE("open: a created file has the mode asked for, an existing one keeps its own") {
    const Directory in;
    (void)opened("CREATE:" + (in / "f") + ",mode=0666", Use::write);
    CHECK(mode_of(in / "f") == 0666);
    (void)opened("OPEN:" + (in / "g") + ",creat,umask=077", Use::write);
    CHECK(mode_of(in / "g") == 0600);
    (void)opened("CREATE:" + (in / "f") + ",mode=0600", Use::write);
    CHECK(mode_of(in / "f") == 0666);
    CHECK(refused("CREATE:" + (in / "f") + ",user=no-such-user", Use::write).kind ==
          Errc::unresolved);
}

TEST_CASE("open: unlink-close removes what we opened, and nothing else") {
    const Directory in;
    {
        Stream stream = opened("CREATE:" + (in / "f") + ",unlink-close", Use::write);
        CHECK(exists(in / "f"));
        CHECK(stream.finish({}).has_value());
        CHECK_FALSE(exists(in / "f"));
    }
    Stream stream = opened("CREATE:" + (in / "g") + ",unlink-close", Use::write);
    std::filesystem::rename(in / "g", in / "old");
    put_file(in / "g", "another's");
    CHECK(stream.finish({}).has_value());
    CHECK(content(in / "g") == "another's");
}

TEST_CASE("open: inherited descriptors are checked, and never changed or closed") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const Fd reading(ends[0]);
    const Fd writing(ends[1]);
    {
        Stream stream = opened("FD:" + std::to_string(ends[1]), Use::both);
        CHECK_FALSE(stream.reader().valid());  // a pipe's write end
        CHECK(stream.writer() == writing.view());
        CHECK(stream.end_writing().has_value());
    }
    CHECK_FALSE(not_blocking(writing.view()));
    write_text(writing.view(), "still open");
    CHECK(refused("FD:999", Use::read).code == EBADF);
    CHECK(refused("FD:999", Use::read).subject == "FD:999");
}

TEST_CASE("open: what lands on a closed standard descriptor moves up") {
    const Directory in;
    put_file(in / "f", "x");
    const int saved = ::dup(0);
    ::close(0);
    const int number = opened("OPEN:" + (in / "f"), Use::read).reader().number();
    ::dup2(saved, 0);
    ::close(saved);
    CHECK(number > 2);
}

TEST_CASE("open: PIPE gives back what was written") {
    Stream echo = opened("PIPE", Use::both);
    CHECK(not_blocking(echo.reader()));
    write_text(echo.writer(), "echo");
    CHECK(echo.end_writing().has_value());
    CHECK(read_all(echo.reader()) == "echo");
}

TEST_CASE("open: PIPE:path makes a FIFO, waits for its other end, and removes it") {
    const Directory in;
    const std::string fifo = in / "fifo";
    {
        Stream both = opened("PIPE:" + fifo + ",mode=0620", Use::both);
        CHECK(mode_of(fifo) == 0620);
        write_text(both.writer(), "x");
        CHECK(both.end_writing().has_value());
        CHECK(read_all(both.reader()) == "x");
    }
    CHECK_FALSE(exists(fifo));
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    std::string got;
    std::thread reader([&] { got = read_all(opened("PIPE:" + fifo, Use::read).reader()); });
    {
        Stream writer = opened("PIPE:" + fifo, Use::write);
        CHECK(not_blocking(writer.writer()));
        write_text(writer.writer(), "through");
    }
    reader.join();
    CHECK(got == "through");
    CHECK(exists(fifo));  // it was there before
    put_file(in / "f", "");
    CHECK(cause(refused("PIPE:" + (in / "f"), Use::read)) == "is there and is no FIFO");
}

TEST_CASE("open: A!!B reads from one and writes to the other") {
    const Directory in;
    put_file(in / "a", "input");
    Stream stream = opened("OPEN:" + (in / "a") + "!!CREATE:" + (in / "b"), Use::both);
    CHECK(read_all(stream.reader()) == "input");
    write_text(stream.writer(), "output");
    CHECK(stream.writer_label() == in / "b");
    CHECK(stream.end_writing().has_value());
    CHECK_FALSE(stream.writer().valid());
    CHECK(stream.finish({}).has_value());
    CHECK(content(in / "b") == "output");
}

TEST_CASE("open: options for the mover stand in the stream") {
    Stream stream = opened("PIPE,ignoreeof,readbytes=7,shut-none,f-setpipe-sz=8192", Use::both);
    CHECK(stream.ignores_end());
    CHECK(stream.read_limit_bytes() == 7U);
    CHECK(stream.end_of_writing() == EndOfWriting::nothing);
    CHECK(sys::pipe_capacity(stream.reader()).value() == 8192);
    CHECK(refused("OPEN:/dev/null,f-setpipe-sz=4096", Use::read).code == EBADF);
}

TEST_CASE("tcp: a connection passes bytes and the half-close both ways") {
    Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1");
    CHECK(std::holds_alternative<Nobody>(listener.accept(Use::both).value()));
    Stream client =
        opened("TCP:127.0.0.1:" + port_of(listener) + ",nodelay,keepalive,keepidle=9", Use::both);
    Accepted server = taken(listener);
    CHECK(not_blocking(client.reader()));
    CHECK(not_blocking(server.stream.reader()));
    write_text(client.writer(), "question");
    CHECK(client.end_writing().has_value());
    CHECK(read_all(server.stream.reader()) == "question");
    write_text(server.stream.writer(), "answer");
    CHECK(server.stream.end_writing().has_value());
    CHECK(read_all(client.reader()) == "answer");
    CHECK(server.stream.label() == "TCP:" + server.peer());
    CHECK(server.environment()[0] == "SOCAT_PEERADDR=127.0.0.1");
}

// A bare chroot has no /etc/hosts, and then this name means nothing.
bool knows_localhost() {
    addrinfo* found = nullptr;
    const bool known = ::getaddrinfo("localhost", nullptr, nullptr, &found) == 0;
    if (known) ::freeaddrinfo(found);
    return known;
}

TEST_CASE("tcp: every address of a name is tried, and the last error is told with it") {
    if (!knows_localhost()) {
        WARN("localhost has no address here: not tested");
        return;
    }
    Listener listener = listening("TCP4-LISTEN:0,bind=127.0.0.1");
    const std::string port = port_of(listener);
    Stream client = opened("TCP:localhost:" + port, Use::both);
    CHECK(taken(listener).peer().starts_with("127.0.0.1:"));
    CHECK(listener.close().has_value());
    const Error numeric = refused("TCP:127.0.0.1:" + port, Use::both);
    CHECK(numeric.subject == "TCP:127.0.0.1:" + port);
    CHECK(cause(numeric) == "Connection refused");
    CHECK(cause(refused("TCP4:localhost:" + port, Use::both)) ==
          "127.0.0.1:" + port + ": Connection refused");
    CHECK(refused("TCP:127.0.0.1:no-such-service", Use::both).kind == Errc::unresolved);
}

TEST_CASE("tcp: connect-timeout ends a connect that is not answered") {
    // The queue of a listener that does not accept is full after two; further
    // clients get no answer.
    Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1,backlog=1");
    const std::string to = "TCP:127.0.0.1:" + port_of(listener);
    const Stream first = opened(to, Use::both);
    const Stream second = opened(to, Use::both);
    CHECK(refused(to + ",connect-timeout=0.05", Use::both).kind == Errc::timed_out);
}

TEST_CASE("tcp: retry tries again until somebody listens") {
    const Directory in;
    Listener probe = listening("TCP-LISTEN:0,bind=127.0.0.1");
    const std::string port = port_of(probe);
    CHECK(probe.close().has_value());
    const auto start = std::chrono::steady_clock::now();
    CHECK(refused("TCP:127.0.0.1:" + port + ",retry=3,interval=0.02", Use::both).code ==
          ECONNREFUSED);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(60));
    std::thread client(
        [&] { (void)opened("TCP:127.0.0.1:" + port + ",forever,interval=0.01", Use::both); });
    Listener late = listening("TCP-LISTEN:" + port + ",bind=127.0.0.1");
    (void)taken(late);
    client.join();
}

TEST_CASE("tcp: bind and sourceport choose the near end; range and sourceport refuse") {
    Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1,range=127.0.0.2/32");
    const std::string to = "TCP:127.0.0.1:" + port_of(listener);
    const Stream wrong = opened(to, Use::both);
    const auto arrival = listener.accept(Use::both).value();
    REQUIRE(std::holds_alternative<Refused>(arrival));
    CHECK(std::get<Refused>(arrival).reason == "not in range=127.0.0.2/32");
    CHECK(read_all(wrong.reader()).empty());
    const Stream right = opened(to + ",bind=127.0.0.2", Use::both);
    CHECK(taken(listener).peer().starts_with("127.0.0.2:"));
}

TEST_CASE("tcp: a listener is IPv4 unless told otherwise") {
    CHECK(listening("TCP-LISTEN:0").local().value().starts_with("0.0.0.0:"));
    CHECK(listening("TCP-LISTEN:0", {Family::ip6, {}}).local().value().starts_with("[::]:"));
    CHECK(listening("TCP-LISTEN:0", {Family::any, {}}).local().value().starts_with("[::]:"));
    CHECK(listening("TCP-LISTEN:0,pf=ip6").local().value().starts_with("[::]:"));
    CHECK(listening("TCP-LISTEN:0,bind=[::1]").local().value().starts_with("[::1]:"));
    Listener dual = listening("TCP6-LISTEN:0,ipv6only=0,range=127.0.0.0/8");
    const Stream client = opened("TCP4:127.0.0.1:" + port_of(dual), Use::both);
    CHECK(taken(dual).peer().starts_with("127.0.0.1:"));
}

TEST_CASE("tcp: accept-timeout ends the wait for a client") {
    CHECK(refused("TCP-LISTEN:0,accept-timeout=0.02", Use::both).kind == Errc::timed_out);
}

TEST_CASE("unix: a listener takes one connection and its entry goes") {
    const Directory in;
    const std::string path = in / "s";
    std::thread client([&] {
        const Stream stream = opened("UNIX-CONNECT:" + path + ",forever,interval=0.01", Use::write);
        write_text(stream.writer(), "hello");
    });
    const Stream server = opened("UNIX-LISTEN:" + path, Use::read);
    CHECK_FALSE(exists(path));
    CHECK(read_all(server.reader()) == "hello");
    client.join();
    CHECK_FALSE(server.writer().valid());
}

TEST_CASE("unix: the entry has the mode asked for") {
    const Directory in;
    const mode_t before = ::umask(022);
    const Listener wide = listening("UNIX-LISTEN:" + (in / "a") + ",mode=666");
    CHECK(mode_of(in / "a") == 0666);
    const Listener narrow = listening("UNIX-LISTEN:" + (in / "b") + ",umask=0077");
    CHECK(mode_of(in / "b") == 0700);
    const Listener usual = listening("UNIX-LISTEN:" + (in / "c"));
    CHECK(mode_of(in / "c") == 0755);
    ::umask(before);
}

TEST_CASE("unix: an existing entry is refused, unless unlink-early") {
    const Directory in;
    const std::string path = in / "s";
    { const Listener stale = listening("UNIX-LISTEN:" + path + ",unlink-close=0"); }
    REQUIRE(exists(path));
    CHECK(refused("UNIX-LISTEN:" + path, Use::both).code == EADDRINUSE);
    Listener listener = listening("UNIX-LISTEN:" + path + ",unlink-early");
    const Stream client = opened(path, Use::both);  // a bare path that is a socket
    (void)taken(listener);
    CHECK(listener.close().has_value());
    CHECK_FALSE(exists(path));
}

TEST_CASE("unix: abstract names need no file") {
    const std::string name = "zc-open-test-" + std::to_string(::getpid());
    Listener listener = listening("ABSTRACT-LISTEN:" + name);
    CHECK(listener.local().value() == "@" + name);
    const Stream client = opened("ABSTRACT-CONNECT:" + name, Use::both);
    CHECK(taken(listener).stream.label() == "ABSTRACT-LISTEN:" + name);
    CHECK(refused("ABSTRACT-CONNECT:" + name + "x", Use::both).code == ECONNREFUSED);
}

TEST_CASE("accept-fd: an inherited listener is used as it is") {
    Listener owner = listening("TCP-LISTEN:0,bind=127.0.0.1");
    const std::string number = std::to_string(owner.socket().number());
    {
        Listener inherited = listening("ACCEPT-FD:" + number + ",fork,max-children=3");
        CHECK(inherited.max_children() == 3U);
        CHECK(std::holds_alternative<Nobody>(inherited.accept(Use::both).value()));
        const Stream client = opened("TCP:127.0.0.1:" + port_of(owner), Use::both);
        (void)taken(inherited);
    }
    CHECK(classify(owner.socket()).has_value());
    CHECK(cause(refused("ACCEPT-FD:0", Use::both)) == "is not a listening socket");
    CHECK(refused("ACCEPT-FD:999", Use::both).code == EBADF);
}

}  // namespace zc::test
