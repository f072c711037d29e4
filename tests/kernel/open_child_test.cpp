#include <cerrno>
#include <csignal>

#include "open_support.hpp"

namespace zc::test {

using namespace std::chrono_literals;

TEST_CASE("child: it sees the end of its input and its output is read to the end") {
    for (const char* how : {"EXEC:cat", "EXEC:cat,pipes", "SYSTEM:cat", "SHELL:exec cat,setsid"}) {
        INFO(how);
        Stream child = opened(how, Use::both);
        CHECK(not_blocking(child.reader()));
        write_text(child.writer(), "through the child");
        CHECK(child.end_writing().has_value());
        CHECK(read_all(child.reader()) == "through the child");
        CHECK(child.finish({}).has_value());
    }
}

TEST_CASE("child: a status that is not 0 is an error") {
    Stream exec = opened("EXEC:sh -c 'exit 3'", Use::read);
    CHECK(read_all(exec.reader()).empty());
    const auto ended = exec.finish({});
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().kind == Errc::child_failed);
    CHECK(cause(ended.error()) == "exit status 3");
    CHECK(ended.error().subject == "EXEC:sh -c 'exit 3'");
    Stream killed = opened("SYSTEM:kill -SEGV $$", Use::read);
    CHECK(cause(killed.finish({}).error()) == "killed by SIGSEGV");
}

TEST_CASE("child: a program that is not there is told at once") {
    const Error missing = refused("EXEC:zc-no-such-program", Use::both);
    CHECK(missing.subject == "EXEC:zc-no-such-program");
    CHECK(cause(missing) == "No such file or directory");
    CHECK(refused("EXEC:/etc/passwd", Use::both).code == EACCES);
    CHECK(refused("EXEC:true,chdir=/no/such", Use::both).subject == "/no/such");
}

TEST_CASE("child: what it complains through is not overwritten by what it inherits") {
    for (int number = 3; number < 20; ++number)
        CHECK(refused("EXEC:zc-no-such-program,fdin=" + std::to_string(number), Use::both).code ==
              ENOENT);
}

TEST_CASE("child: one that does not end gets SIGTERM when patience runs out") {
    Stream idle = opened("EXEC:sleep 1000", Use::both);
    CHECK(idle.child_exit().valid());
    CHECK(idle.finish(1ms).has_value());
    Stream stubborn = opened(
        "SYSTEM:\"trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done\"", Use::read);
    std::array<std::byte, 6> ready{};
    const std::array interests{Interest{stubborn.reader(), Readiness::readable}};
    REQUIRE(sys::wait(interests, {}, 10s).value() == 1);
    REQUIRE(sys::read(stubborn.reader(), ready).value() == 6);
    CHECK(stubborn.finish(0ms).has_value());
}

TEST_CASE("child: it gets SIGINT from us if it asked for it, and nothing else") {
    const std::string how =
        "SYSTEM:\"trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.01; done\"";
    for (const std::string options : {",sigint", ",sigint,setsid"}) {
        Stream child = opened(how + options, Use::read);
        std::array<std::byte, 6> ready{};
        const std::array interests{Interest{child.reader(), Readiness::readable}};
        REQUIRE(sys::wait(interests, {}, 10s).value() == 1);
        REQUIRE(sys::read(child.reader(), ready).value() == 6);
        CHECK_FALSE(child.forward_signal(SIGTERM));
        CHECK(child.forward_signal(SIGINT));
        CHECK(read_all(child.reader()) == "interrupted\n");
        const std::array ended{Interest{child.child_exit(), Readiness::readable}};
        REQUIRE(sys::wait(ended, {}, 10s).value() == 1);
        CHECK_FALSE(child.forward_signal(SIGINT));  // nobody is left to get it
        CHECK(cause(child.finish({}).error()) == "exit status 7");
    }
    Stream both = opened("EXEC:sleep 1000,sigint!!EXEC:cat", Use::both);
    CHECK(both.forward_signal(SIGINT));
    Stream deaf = opened("EXEC:cat", Use::both);
    CHECK_FALSE(deaf.forward_signal(SIGINT));
    CHECK_FALSE(opened("PIPE", Use::both).forward_signal(SIGINT));
}

TEST_CASE("child: one whose output we stop reading dies of SIGPIPE, and that is no error") {
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
    Stream endless = opened("EXEC:yes", Use::read);
    CHECK(endless.finish({}).has_value());
    REQUIRE(::sigaction(SIGPIPE, &before, nullptr) == 0);
}

TEST_CASE("child: the environment tells who is at the other end") {
    Listener listener = listening("TCP-LISTEN:0,bind=127.0.0.1");
    const std::string port = port_of(listener);
    const Stream client = opened("TCP:127.0.0.1:" + port, Use::both);
    const Accepted server = taken(listener);
    Stream child = opened(
        "SYSTEM:\"echo $SOCAT_PEERADDR:$SOCAT_PEERPORT $ZC_SOCKADDR:$ZC_SOCKPORT "
        "$SOCAT_PID\"",
        Use::read, {{}, server.environment()});
    CHECK(read_all(child.reader()) ==
          server.peer() + " 127.0.0.1:" + port + " " + std::to_string(::getpid()) + "\n");
}

TEST_CASE("child: stderr, chdir, fdin and fdout go where they say") {
    CHECK(read_all(opened("SYSTEM:echo oops >&2,stderr", Use::read).reader()) == "oops\n");
    CHECK(read_all(opened("EXEC:pwd,chdir=/usr", Use::read).reader()) == "/usr\n");
    for (const char* how : {"", ",pipes"}) {
        Stream child = opened(std::string("SYSTEM:cat <&7 >&9,fdin=7,fdout=9") + how, Use::both);
        write_text(child.writer(), "moved");
        CHECK(child.end_writing().has_value());
        CHECK(read_all(child.reader()) == "moved");
        CHECK(child.finish({}).has_value());
    }
    CHECK(refused("EXEC:cat,pipes,fdin=5,fdout=5", Use::both).kind == Errc::bad_address);
}

TEST_CASE("child: su makes it alone another user, in every respect") {
    Stream child = opened("EXEC:cat /proc/self/status,su=nobody", Use::read);
    const std::string status = read_all(child.reader());
    CHECK(status.find("Uid:\t65534\t65534\t65534\t65534\n") != std::string::npos);
    CHECK(status.find("Gid:\t65534\t65534\t65534\t65534\n") != std::string::npos);
    CHECK(status.find("Groups:\t65534 \n") != std::string::npos);
    CHECK(status.find("CapEff:\t0000000000000000\n") != std::string::npos);
    CHECK(::geteuid() == 0);
    CHECK(read_all(opened("SYSTEM:echo $USER $LOGNAME $HOME,su=65534", Use::read).reader()) ==
          "nobody nobody /nonexistent\n");
}

TEST_CASE("child: it starts in its directory before it becomes a user who may not") {
    const Directory in;  // for root alone
    CHECK(read_all(opened("SYSTEM:id -u; pwd,su=nobody,chdir=" + (in / ""), Use::read).reader())
              .starts_with("65534\n"));
    CHECK(refused("EXEC:" + (in / "tool") + ",su=nobody", Use::read).code == EACCES);
}

TEST_CASE("child: a user who is not there is told before anything is started or opened") {
    const Directory in;
    for (const std::string& how : {"SYSTEM:\"touch " + (in / "f") + "\"", "CREATE:" + (in / "f"),
                                   "UNIX-LISTEN:" + (in / "f")}) {
        const Error unknown = refused(how + ",su=no-such-user", Use::write);
        CHECK(unknown.kind == Errc::unresolved);
        CHECK(cause(unknown) == "option \"su\": \"no-such-user\" is not known here");
        CHECK_FALSE(exists(in / "f"));
    }
}

TEST_CASE("child: no signal is held back from it, handled or ignored by our doing") {
    struct sigaction mine {};
    std::array<struct sigaction, 2> before{};
    sigset_t blocked;
    sigset_t mask;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &blocked, &mask) == 0);
    mine.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGPIPE, &mine, &before[0]) == 0);
    REQUIRE(::sigaction(SIGUSR2, &mine, &before[1]) == 0);
    const std::string status = read_all(opened("EXEC:cat /proc/self/status", Use::read).reader());
    REQUIRE(::sigaction(SIGPIPE, &before[0], nullptr) == 0);
    REQUIRE(::sigaction(SIGUSR2, &before[1], nullptr) == 0);
    REQUIRE(::pthread_sigmask(SIG_SETMASK, &mask, nullptr) == 0);
    const auto set = [&](const std::string& name) {
        return std::stoull(status.substr(status.find(name + ":\t") + name.size() + 2, 16), nullptr,
                           16);
    };
    const auto bit = [](int signal) { return 1ULL << (signal - 1); };
    CHECK(set("SigBlk") == 0);
    CHECK((set("SigIgn") & bit(SIGPIPE)) == 0);
    CHECK((set("SigIgn") & bit(SIGUSR2)) != 0);  // as exec(3) hands it on
}

TEST_CASE("child: it inherits nothing of ours") {
    const Stream other = opened("PIPE", Use::both);
    Stream child = opened("EXEC:ls -l /proc/self/fd,pipes", Use::both);
    const std::string listed = read_all(child.reader());
    const auto pipe_of = [](FdView fd) {
        return "pipe:[" + std::to_string(classify(fd).value().inode) + "]";
    };
    CHECK(listed.find(pipe_of(child.reader())) != std::string::npos);  // its standard output
    CHECK(listed.find(pipe_of(other.reader())) == std::string::npos);
    CHECK(child.finish({}).has_value());
}

TEST_CASE("child: a moved stream leaves its child alone") {
    Stream first = opened("EXEC:cat", Use::both);
    Stream second(std::move(first));
    { const Stream gone(std::move(first)); }
    write_text(second.writer(), "alive");
    CHECK(second.end_writing().has_value());
    CHECK(read_all(second.reader()) == "alive");
    CHECK(second.finish({}).has_value());
}

}  // namespace zc::test
