// asio-relay PORT FARPORT: clients of a port are connected to another one of this machine;
// each session is a coroutine that advances when asio says that a socket is ready.
#include <zc/zc.hpp>

#include <asio.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace {

using asio::ip::tcp;
using asio::posix::stream_descriptor;

// Waits until any of these is ready; asio gets descriptors of its own.
asio::awaitable<void> ready(std::span<const zc::Interest> wanted) {
    const auto executor = co_await asio::this_coro::executor;
    const auto done =
        std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    std::vector<std::shared_ptr<stream_descriptor>> all;
    for (const zc::Interest& each : wanted) {
        auto one = std::make_shared<stream_descriptor>(executor, ::dup(each.fd.number()));
        one->async_wait(each.event == zc::Readiness::readable ? stream_descriptor::wait_read
                                                              : stream_descriptor::wait_write,
                        [done, one](std::error_code stopped) {
                            if (!stopped) done->cancel();
                        });
        all.push_back(std::move(one));
    }
    std::error_code cancelled;
    co_await done->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    for (auto& one : all) one->close();
}

asio::awaitable<void> serve(tcp::socket client, tcp::endpoint far) {
    tcp::socket server(co_await asio::this_coro::executor);
    co_await server.async_connect(far, asio::use_awaitable);
    auto left = zc::adopt(zc::Fd(client.release()), "client");
    auto right = zc::adopt(zc::Fd(server.release()), "server");
    if (!left || !right) co_return;
    auto session = zc::Session::create(std::move(*left), std::move(*right));
    if (!session) co_return;
    for (;;) {
        const auto state = session->advance();
        if (state == zc::Session::State::finished) break;
        if (state == zc::Session::State::waiting) co_await ready(session->wants());
    }
    for (const zc::Error& error : session->finish().errors)
        std::cerr << "asio-relay: " << error.subject << ": " << zc::cause(error) << '\n';
}

asio::awaitable<void> listen(unsigned short near, unsigned short far) {
    const auto loopback = asio::ip::address_v4::loopback();
    tcp::acceptor acceptor(co_await asio::this_coro::executor, {loopback, near});
    std::cout << acceptor.local_endpoint() << std::endl;
    for (;;) {
        auto client = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(client), {loopback, far}),
                       asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    asio::io_context loop;
    const auto port = [](const char* text) {
        return static_cast<unsigned short>(std::strtoul(text, nullptr, 10));
    };
    asio::co_spawn(loop, listen(port(argv[1]), port(argv[2])), asio::detached);
    loop.run();
}
