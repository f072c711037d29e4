#include "address/address.hpp"

#include <random>

#include "address/option_table.hpp"
#include "address/syntax.hpp"
#include "catch.hpp"

namespace zc {
namespace {

Address parsed(std::string_view text) {
    auto address = parse_address(text);
    INFO(text);
    if (!address) FAIL(address.error().detail);
    return *address;
}

std::string printed(std::string_view text) { return print(parsed(text)); }

std::string refused(std::string_view text, Errc kind = Errc::bad_address) {
    const auto address = parse_address(text);
    INFO(text);
    REQUIRE_FALSE(address.has_value());
    CHECK(address.error().kind == kind);
    CHECK(address.error().subject == shown(text));
    return address.error().detail;
}

template <class T>
T target(std::string_view text) {
    const Address address = parsed(text);
    REQUIRE(std::holds_alternative<T>(address.read.target));
    return std::get<T>(address.read.target);
}

Options options(std::string_view text) { return parsed(text).read.options; }

}  // namespace

TEST_CASE("address: command lines seen in the wild print in canonical words") {
    const std::pair<const char*, const char*> table[] = {
        {"TCP-LISTEN:8080,fork", "TCP-LISTEN:8080,fork"},
        {"TCP:127.0.0.1:5000", "TCP:127.0.0.1:5000"},
        {"TCP-LISTEN:9223,fork,reuseaddr,bind=0.0.0.0",
         "TCP-LISTEN:9223,fork,reuseaddr,bind=0.0.0.0"},
        {"TCP4-LISTEN:5000,bind=10.0.0.2,reuseaddr,fork",
         "TCP4-LISTEN:5000,bind=10.0.0.2,reuseaddr,fork"},
        {"TCP4:10.0.0.3:5000,connect-timeout=10", "TCP4:10.0.0.3:5000,connect-timeout=10"},
        {"tcp-listen:5000,fork,reuseaddr", "TCP-LISTEN:5000,fork,reuseaddr"},
        {"tcp-connect:10.0.0.9:5000", "TCP:10.0.0.9:5000"},
        {"TCP4:db:3306", "TCP4:db:3306"},
        {"UNIX-CONNECT:/var/run/docker.sock", "UNIX-CONNECT:/var/run/docker.sock"},
        {"TCP-LISTEN:1234,bind=127.0.0.1,reuseaddr,fork,range=127.0.0.0/8",
         "TCP-LISTEN:1234,bind=127.0.0.1,reuseaddr,fork,range=127.0.0.0/8"},
        {"UNIX-CLIENT:/run/aesm.socket", "UNIX-CONNECT:/run/aesm.socket"},
        {"UNIX-LISTEN:/run/app/app.sock,fork,umask=0007",
         "UNIX-LISTEN:/run/app/app.sock,fork,umask=07"},
        {"TCP:localhost:9696", "TCP:localhost:9696"},
        {"UNIX-LISTEN:/run/ctl.sock,fork,mode=600", "UNIX-LISTEN:/run/ctl.sock,fork,mode=0600"},
        {"EXEC:/usr/local/bin/handler.sh", "EXEC:/usr/local/bin/handler.sh"},
        {"stdio", "STDIO"},
        {"/var/run/haproxy.sock", "GOPEN:/var/run/haproxy.sock"},
        {"-", "STDIO"},
        {"stdout", "FD:1"},
        {"tcp:127.0.0.1:22,connect-timeout=2,readbytes=1",
         "TCP:127.0.0.1:22,connect-timeout=2,readbytes=1"},
        {"STDIN", "FD:0"},
        {"TCP-LISTEN:4444,reuseaddr", "TCP-LISTEN:4444,reuseaddr"},
        {"OPEN:out.bin,creat,trunc", "OPEN:out.bin,creat,trunc"},
        {"FILE:in.bin", "OPEN:in.bin"},
        {"create:/media/out.bin", "CREATE:/media/out.bin"},
        {"OPEN:sink,creat,append", "OPEN:sink,creat,append"},
        {"SYSTEM:tail -c +1 -f out.gbx", "SYSTEM:tail -c +1 -f out.gbx"},
        {"EXEC:/usr/bin/python3 /main.py", "EXEC:/usr/bin/python3 /main.py"},
        {"TCP4-LISTEN:5900,bind=10.0.0.1,reuseaddr,fork,max-children=1",
         "TCP4-LISTEN:5900,bind=10.0.0.1,reuseaddr,fork,max-children=1"},
        {"TCP:src:30005,keepalive,keepidle=30,keepintvl=30,keepcnt=2,connect-timeout=10,forever,"
         "interval=15",
         "TCP:src:30005,keepalive,keepidle=30,keepintvl=30,keepcnt=2,connect-timeout=10,forever,"
         "interval=15"},
        {"PIPE:send.fifo,ignoreeof", "PIPE:send.fifo,ignoreeof"},
        {"ACCEPT-FD:3,fork", "ACCEPT-FD:3,fork"},
        {"ABSTRACT-LISTEN:name,fork", "ABSTRACT-LISTEN:name,fork"},
        {"7", "FD:7"},
        {"ECHO", "PIPE"},
        {"STDIN!!OPEN:a/b,creat", "FD:0!!OPEN:a/b,creat"},
    };
    for (const auto& [text, canonical] : table) {
        CHECK(printed(text) == canonical);
        CHECK(parsed(canonical) == parsed(text));
    }
}

TEST_CASE("address: quotes, brackets and backslashes protect separators") {
    CHECK(target<OpenFile>("OPEN:'a,b:c'").path == "a,b:c");
    CHECK(target<OpenFile>("OPEN:\"a\\\"b\"").path == "a\"b");
    CHECK(target<OpenFile>("OPEN:a\\,b\\:c\\!!d").path == "a,b:c!!d");
    CHECK(target<OpenFile>("OPEN:(a,b){c:d}").path == "(a,b){c:d}");
    CHECK(target<OpenFile>("OPEN:a\\tb").path == "a\tb");
    CHECK(target<OpenFile>("./a:b").path == "./a:b");
    CHECK(target<TcpConnect>("TCP:[::1]:http") == TcpConnect{Family::any, "::1", "http"});
    CHECK(refused("OPEN:'a") == "quote ' is not closed");
    CHECK(refused("OPEN:[a") == "bracket is not closed: ] is missing");
    CHECK(refused("OPEN:a\\") == "nothing follows the last \\");
    CHECK(refused(std::string_view("OPEN:a\0b", 8)) == "contains a NUL byte");
    CHECK(refused("OPEN:a\\0b") == "\\0 is not possible here");
}

TEST_CASE("address: a command keeps its quotes, unless they enclose all of it") {
    CHECK(target<Exec>("EXEC:sh -c 'exit 3'").command == "sh -c 'exit 3'");
    CHECK(target<Shell>("SYSTEM:\"echo a, b\"").command == "echo a, b");
    CHECK(target<Shell>("SYSTEM:echo 'a,b:c'").command == "echo 'a,b:c'");
    CHECK(target<Exec>("EXEC:printf \\'a b\\'").command == "printf 'a b'");
    using Words = std::vector<std::string>;
    CHECK(split_command("sh -c 'exit 3'").value() == Words{"sh", "-c", "exit 3"});
    CHECK(split_command("  a  \"b c\"d  ").value() == Words{"a", "b cd"});
    CHECK(split_command("a '' {b c}!!").value() == Words{"a", "", "{b c}!!"});
    CHECK(refused("EXEC: ") == "command is missing");
    CHECK(refused("SYSTEM:") == "command is missing");
}

TEST_CASE("address: options have types") {
    CHECK(options("TCP:h:1,connect-timeout=1.25").find(opt::connect_timeout)->count() == 1250);
    CHECK(options("TCP:h:1,interval=0.0001").find(opt::interval)->count() == 1);
    CHECK(options("TCP:h:1,sndbuf=0x1000").get(opt::sndbuf, 0) == 4096);
    CHECK(options("OPEN:f,perm=0640").find(opt::mode)->bits == 0640);
    CHECK(options("TCP:h:1,SP=99,NoDelay").get(opt::sourceport, 0) == 99);
    CHECK_FALSE(options("TCP:h:1,nodelay,nodelay=0").on(opt::nodelay));
    CHECK(options("TCP:h:1,bind=[::1]:9").find(opt::bind)->host == "::1");
    CHECK(options("TCP:h:1,bind=:9").find(opt::bind)->service == "9");
    CHECK(options("TCP:h:1,bind=::1").find(opt::bind)->host == "::1");
    CHECK(*options("TCP:h:1,pf=inet6").find(opt::pf) == Family::ip6);
    CHECK(options("TCP:h:1").find(opt::pf) == nullptr);
}

TEST_CASE("address: every address may say whose it is to be") {
    for (const std::string text :
         {"-", "FD:3", "TCP-L:1", "TCP:h:1", "UNIX-L:x", "OPEN:f", "EXEC:a"})
        CHECK(*options(text + ",substuser=nobody").find(opt::su) == "nobody");
    CHECK(printed("EXEC:id,SubstUser=nobody") == "EXEC:id,su=nobody");
    CHECK(refused("EXEC:id,su=") == "option \"su\" needs a value: a text");
}

TEST_CASE("address: a network is for what makes sockets or programs") {
    CHECK(*options("TCP-L:1,netns=blue").find(opt::netns) == "blue");
    for (const std::string text : {"-", "OPEN:f", "PIPE:f", "ACCEPT-FD:3"})
        CHECK(refused(text + ",netns=blue") == "option \"netns\" does not apply to this address");
}

TEST_CASE("address: a range contains what its mask says") {
    const auto contains = [](std::string_view range, std::string_view ip) {
        IpBytes bytes;
        REQUIRE(parse_ip(ip, bytes));
        return options("TCP-L:1,range=" + std::string(range)).find(opt::range)->contains(bytes);
    };
    CHECK(contains("10.1.0.0/16", "10.1.255.255"));
    CHECK_FALSE(contains("10.1.0.0/16", "10.2.0.0"));
    CHECK(contains("10.0.0.7:255.0.0.255", "10.9.9.7"));
    CHECK_FALSE(contains("10.0.0.7:255.0.0.255", "10.9.9.8"));
    CHECK(contains("[fd00::]/63", "fd00:0:0:1::1"));
    CHECK_FALSE(contains("[fd00::]/64", "fd00:0:0:1::1"));
    CHECK_FALSE(contains("0.0.0.0/0", "::1"));
    CHECK(printed("TCP-L:1,range=10.0.0.7:255.0.0.255") ==
          "TCP-LISTEN:1,range=10.0.0.7:255.0.0.255");
    CHECK(printed("TCP-L:1,range=10.0.0.0:255.0.0.0") == "TCP-LISTEN:1,range=10.0.0.0/8");
}

TEST_CASE("address: what is wrong is named") {
    CHECK(refused("") == "address is empty");
    CHECK(refused("FOO:1") == "unknown address \"FOO\"");
    CHECK(refused("udpfoo:1") == "unknown address \"udpfoo\"");
    CHECK(refused("TCP:1") == "\"TCP\" takes 2 parameters, not 1");
    CHECK(refused("STDIO:1") == "\"STDIO\" takes 0 parameters, not 1");
    CHECK(refused("OPEN:a:b") == "\"OPEN\" takes 1 parameter, not 2");
    CHECK(refused("TCP::80") == "host is missing");
    CHECK(refused("TCP:h:") == "port is missing");
    CHECK(refused("TCP:a b:1") == "\"a b\" is not a host name");
    CHECK(refused("TCP:h:65536") == "\"65536\" is neither a port number nor a service name");
    CHECK(refused("FD:-1") == "\"-1\" is not a descriptor's number");
    CHECK(refused("99999999999") == "\"99999999999\" is not a descriptor's number");
    CHECK(refused("OPEN:") == "path is missing");
    CHECK(refused("UNIX:" + std::string(108, 'x')).find("is too long (at most 107 bytes)") !=
          std::string::npos);
    CHECK(parse_address("UNIX:" + std::string(107, 'x')).has_value());
    CHECK(refused("-!!") == "address is empty");
    CHECK(refused("-!!-!!-") == "more than one \"!!\"");
    CHECK(refused("TCP-L:1,fork!!-") == "option \"fork\" does not go with \"!!\"");
}

TEST_CASE("address: a wrong option is named, with the address it was in") {
    CHECK(refused("TCP:h:1,foo") == "unknown option \"foo\"");
    CHECK(refused("TCP:h:1,") == "name of an option is missing");
    CHECK(refused("TCP:h:1,fork") == "option \"fork\" does not apply to this address");
    CHECK(refused("PIPE,mode=600") == "option \"mode\" does not apply to this address");
    CHECK(refused("TCP:h:1,connect-timeout") ==
          "option \"connect-timeout\" needs a value: a time in seconds");
    CHECK(refused("TCP:h:1,connect-timeout=1.x") ==
          "option \"connect-timeout\": \"1.x\" is not a time in seconds");
    CHECK(refused("TCP:h:1,sourceport=0") ==
          "option \"sourceport\": \"0\" is not a number from 1 to 65535");
    CHECK(refused("OPEN:f,mode=9") == "option \"mode\": \"9\" is not a mode in octal");
    CHECK(refused("OPEN:f,rdonly=1") == "option \"rdonly\" takes no value");
    CHECK(refused("TCP-L:1,reuseaddr=yes") == "option \"reuseaddr\": \"yes\" is not 0 or 1");
    CHECK(refused("TCP:h:1,pf=4") == "option \"pf\": \"4\" is not ip4 or ip6");
    CHECK(refused("TCP-L:1,max-children=2") == "option \"max-children\" needs \"fork\"");
    CHECK(refused("OPEN:f,rdonly,wronly") ==
          "options \"rdonly\" and \"wronly\" exclude each other");
    CHECK(refused("TCP-L:1,bind=h:2") == "option \"bind\": the port is given twice");
    CHECK(refused("EXEC:a,pipes,sndbuf=1") ==
          "option \"pipes\" leaves no socket to set options of");
    for (const char* range : {"10.0.0.0/33", "10.0.0.0", "[::1]", "::1/64", "a/8", "1.2.3.4:/8"})
        CHECK(refused("TCP-L:1,range=" + std::string(range)).find("is not a network") !=
              std::string::npos);
}

TEST_CASE("address: what only socat does is refused by name") {
    const auto foreign = [](std::string_view text) { return refused(text, Errc::unavailable); };
    CHECK(foreign("UDP4-LISTEN:53") == "UDP4-LISTEN is not supported");
    CHECK(foreign("pty,raw") == "PTY is not supported");
    CHECK(foreign("OPENSSL:h:1") == "OPENSSL is not supported");
    CHECK(foreign("SOCKS4A:h:1:2") == "SOCKS4A is not supported");
    CHECK(foreign("UNIX-RECVFROM:x") == "UNIX-RECVFROM is not supported");
    CHECK(foreign("EXEC:a,sigquit") == "option \"sigquit\" is not supported");
    CHECK(foreign("TCP-L:1,su-d=nobody") == "option \"su-d\" is not supported");
}

TEST_CASE("address: no row of the option table hides another") {
    for (const char* name : {"mode", "perm", "unlink", "o-creat", "bytes", "keepidle"})
        CHECK(find_rule(name) != nullptr);
    for (const char* name : {"", "crnl", "setuid"}) CHECK(find_rule(name) == nullptr);
}

TEST_CASE("address: questions about listeners") {
    CHECK(is_listener(parsed("TCP-L:1")));
    CHECK(is_listener(parsed("ACCEPT-FD:3")));
    CHECK_FALSE(is_listener(parsed("TCP:h:1")));
    CHECK_FALSE(is_listener(parsed("TCP-L:1!!-")));
    CHECK(forks(parsed("UNIX-L:x,fork")));
    CHECK_FALSE(forks(parsed("UNIX-L:x,fork=0")));
}

TEST_CASE("address: a program without a process of ours in between is told, and its limits") {
    CHECK(is_nofork(parsed("EXEC:a,nofork")));
    CHECK(is_nofork(parsed("SYSTEM:a,nofork=1,fdin=5,setsid")));
    CHECK_FALSE(is_nofork(parsed("EXEC:a,nofork=0,pipes")));
    CHECK_FALSE(is_nofork(parsed("TCP-L:1")));
    CHECK(refused("TCP-L:1,nofork") == "option \"nofork\" does not apply to this address");
    for (const std::string option : {"pipes", "sndbuf=1", "rcvbuf=1", "readbytes=1", "ignoreeof"})
        CHECK(refused("EXEC:a,nofork," + option) == "options \"nofork\" and \"" +
                                                        option.substr(0, option.find('=')) +
                                                        "\" exclude each other");
    CHECK(refused("EXEC:a,nofork!!-") == "option \"nofork\" does not go with \"!!\"");
    CHECK(refused("-!!EXEC:a,nofork") == "option \"nofork\" does not go with \"!!\"");
}

TEST_CASE("address: labels are what people call the thing") {
    CHECK(label_of(parsed("./a:b,append").read) == "./a:b");
    CHECK(label_of(parsed("TCP:[::1]:80,nodelay").read) == "TCP:[::1]:80");
    CHECK(label_of(parsed("EXEC:sh -c 'exit 3'").read) == "EXEC:sh -c 'exit 3'");
}

namespace {

// Values of every type with hostile text in them, from a fixed seed.
class Generator {
public:
    Address address() {
        Address out{simple(), std::nullopt};
        if (number(4) == 0 && !out.read.options.on(opt::fork)) {
            auto second = simple();
            if (!second.options.on(opt::fork)) out.write = std::move(second);
        }
        return out;
    }

private:
    std::size_t number(std::size_t below) { return random_() % below; }

    std::string text(std::size_t most = 20) {
        constexpr std::string_view bytes = "ab \\'\"()[]{},:!=/-.\t\n\x80\xff%";
        std::string out;
        for (std::size_t left = 1 + number(most); left > 0; --left)
            out += bytes[number(bytes.size())];
        return out;
    }

    std::string host() { return number(2) == 0 ? "fe80::1%eth0" : "host-1.example"; }
    Family family() { return static_cast<Family>(number(3)); }

    SimpleAddress simple() {
        switch (number(10)) {
            case 0: return {Stdio{}, {}};
            case 1: return {FdNumber{static_cast<int>(number(5000))}, {}};
            case 2: return {OpenFile{static_cast<OpenFile::How>(number(3)), text()}, entry()};
            case 3: return {PipeAddress{text()}, entry()};
            case 4: return {TcpConnect{family(), host(), "http"}, tcp()};
            case 5: return {TcpListen{family(), std::to_string(number(65536))}, listening()};
            case 6: return {UnixConnect{static_cast<UnixSpace>(number(2)), text(107)}, {}};
            case 7: return {UnixListen{UnixSpace::filesystem, text(107)}, entry()};
            case 8: return {Exec{"a" + escape(text())}, child()};
            default: return {Shell{text()}, child()};
        }
    }
    Options entry() {
        Options out;
        out.add({opt::mode.name, Mode{static_cast<unsigned>(number(010000))}});
        out.add({opt::user.name, text()});
        out.add({opt::unlink_early.name, number(2) == 0});
        return out;
    }
    Options tcp() {
        Options out;
        out.add({opt::bind.name, BindTo{host(), number(2) == 0 ? "" : "99"}});
        out.add({opt::connect_timeout.name, std::chrono::milliseconds(number(5000))});
        out.add({opt::pf.name, number(2) == 0 ? Family::ip4 : Family::ip6});
        return out;
    }
    Options listening() {
        Options out;
        IpRange range{{Family::ip4, {}}, {}};
        for (std::size_t i = 0; i < 4; ++i) {
            range.network.bytes[i] = static_cast<std::uint8_t>(number(256));
            range.mask[i] = static_cast<std::uint8_t>(number(256));
        }
        out.add({opt::range.name, range});
        out.add({opt::fork.name, true});
        out.add({opt::max_children.name, static_cast<std::int64_t>(1 + number(99))});
        return out;
    }
    Options child() {
        Options out;
        out.add({opt::pipes.name, Given{}});
        out.add({opt::chdir.name, text()});
        return out;
    }

    std::mt19937 random_{42};
};

}  // namespace

TEST_CASE("address: parsing what was printed gives the value again") {
    Generator generate;
    for (int i = 0; i < 20'000; ++i) {
        const Address address = generate.address();
        const std::string text = print(address);
        const auto again = parse_address(text);
        INFO(text);
        if (!again) FAIL(again.error().detail);
        if (*again != address) FAIL(print(*again));
    }
}

}  // namespace zc
