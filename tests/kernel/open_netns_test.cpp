#include <cerrno>

#include "open_support.hpp"

namespace zc::test {
namespace {

// A network namespace of our own, under a name of our own; gone with it.
class Network {
public:
    Network() : name_("zc-test-" + std::to_string(::getpid())) {
        made_ = ip("netns add " + name_) && ip("-n " + name_ + " link set lo up");
        if (!made_) WARN("no network namespace can be made here: not tested");
    }
    ~Network() { (void)ip("netns del " + name_); }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    [[nodiscard]] bool made() const { return made_; }
    [[nodiscard]] std::string option() const { return ",netns=" + name_; }

private:
    static bool ip(const std::string& what) {
        return std::system(("ip " + what + " 2>/dev/null").c_str()) == 0;
    }

    std::string name_;
    bool made_ = false;
};

std::string own_network() { return std::filesystem::read_symlink("/proc/thread-self/ns/net"); }

}  // namespace

TEST_CASE("netns: sockets are made there, and the thread is home again") {
    const Network network;
    if (!network.made()) return;
    const std::string home = own_network();
    const std::string name = "zc-netns-" + std::to_string(::getpid());
    for (const std::string& at :
         {std::string("TCP-LISTEN:0,bind=127.0.0.1"), "ABSTRACT-LISTEN:" + name}) {
        Listener listener = listening(at + network.option());
        const std::string to =
            at[0] == 'T' ? "TCP:127.0.0.1:" + port_of(listener) : "ABSTRACT:" + name;
        CHECK(refused(to, Use::both).code == ECONNREFUSED);
        Stream client = opened(to + network.option(), Use::both);
        CHECK(own_network() == home);
        write_text(client.writer(), "there");
        CHECK(client.end_writing().has_value());
        CHECK(read_all(taken(listener).stream.reader()) == "there");
    }
}

TEST_CASE("netns: a program runs there") {
    const Network network;
    if (!network.made()) return;
    const std::string home = own_network();
    const std::string there =
        read_all(opened("EXEC:readlink /proc/self/ns/net" + network.option(), Use::read).reader());
    CHECK(there.starts_with("net:["));
    CHECK(there != home + "\n");
    CHECK(own_network() == home);
}

TEST_CASE("netns: one that is not there is named") {
    for (const char* text :
         {"TCP:127.0.0.1:1", "TCP-LISTEN:0", "ABSTRACT:x", "ABSTRACT-L:x", "EXEC:id"}) {
        const Error missing = refused(text + std::string(",netns=zc-no-such"), Use::both);
        CHECK(missing.subject == "netns=zc-no-such");
        CHECK(missing.code == ENOENT);
    }
}

}  // namespace zc::test
