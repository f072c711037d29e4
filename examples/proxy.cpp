// proxy NEAR FAR: every client of NEAR is connected to FAR; both are addresses as
// zc-address(7) has them, such as TCP-LISTEN:8080 and TCP:127.0.0.1:5000.
#include <zc/zc.hpp>

#include <iostream>
#include <thread>

namespace {

int fail(const zc::Error& error) {
    std::cerr << "proxy: " << error.subject << ": " << zc::cause(error) << '\n';
    return 1;
}

// Two transfers between two sockets; the end of each is passed on by itself.
void serve(zc::Stream client, const zc::Address& far) {
    auto server = zc::open_stream(far, zc::Use::both, {});
    if (!server) return (void)fail(server.error());
    std::thread back([&] {
        (void)zc::transfer(client.writer(), server->reader());
        (void)client.end_writing();
    });
    (void)zc::transfer(server->writer(), client.reader());
    (void)server->end_writing();
    back.join();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto near = zc::parse_address(argv[1]);
    const auto far = zc::parse_address(argv[2]);
    if (!near || !far) return fail(near ? far.error() : near.error());
    auto listener = zc::open_listener(*near, {});
    if (!listener) return fail(listener.error());
    std::cout << listener->local().value_or("") << std::endl;
    for (;;) {
        auto client = listener->accept_one(zc::Use::both);
        if (!client) return fail(client.error());
        std::thread(serve, std::move(client->stream), *far).detach();
    }
}
