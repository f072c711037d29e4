#include "relay/metrics.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "kernel/sys.hpp"
#include "kernel/sys_event.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

constexpr auto patience_with_clients = 2s;
constexpr std::size_t longest_request = 8192;

class Text {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    template <class Value>
    void sample(std::string_view name, std::string_view labels, Value value) {
        text_ += fmt::format("{}{} {}\n", name, labels, value);
    }
    void histogram(const std::string& name, std::string_view help, const Histogram& histogram) {
        family(name, "histogram", help);
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
            all += histogram.count(i);
            sample(name + "_bucket", fmt::format("{{le=\"{}\"}}", Histogram::bounds[i]), all);
        }
        all += histogram.count(Histogram::bounds.size());
        sample(name + "_bucket", "{le=\"+Inf\"}", all);
        sample(name + "_sum", "", histogram.sum_seconds());
        sample(name + "_count", "", all);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string answer(std::string_view status, std::string_view type, std::string_view body) {
    return fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, type, body.size(), body);
}

std::string answer_to(std::string_view request, const std::function<std::string()>& text) {
    constexpr std::string_view plain = "text/plain; charset=utf-8";
    const auto line = request.substr(0, request.find("\r\n"));
    const auto method = line.substr(0, line.find(' '));
    const auto rest = line.substr(std::min(line.size(), method.size() + 1));
    const auto path = rest.substr(0, rest.find_first_of(" ?"));
    if (rest.find(" HTTP/1.") == std::string_view::npos)
        return answer("400 Bad Request", plain, "not HTTP\n");
    if (method != "GET") return answer("405 Method Not Allowed", plain, "only GET\n");
    if (path != "/metrics") return answer("404 Not Found", plain, "only /metrics\n");
    return answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", text());
}

// Waits for the client no longer than for all of it.
bool ready_until(Interest interest, std::chrono::steady_clock::time_point end) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const std::array interests{interest};
    const auto ready = left > 0ms ? sys::wait(interests, {}, left) : Result<std::size_t>(0);
    return ready && *ready != 0;
}

void serve(const Stream& client, const std::function<std::string()>& text) {
    const auto end = std::chrono::steady_clock::now() + patience_with_clients;
    std::string request;
    std::array<std::byte, 1024> piece{};
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < longest_request) {
        if (!ready_until({client.reader(), Readiness::readable}, end)) return;
        const auto got = sys::read(client.reader(), piece);
        if (!got && means_try_later(got.error())) continue;
        if (!got || *got == 0) return;
        request.append(reinterpret_cast<const char*>(piece.data()), *got);
    }
    const std::string whole = answer_to(request, text);
    auto left = std::as_bytes(std::span(whole));
    while (!left.empty() && ready_until({client.writer(), Readiness::writable}, end)) {
        const auto put = sys::write(client.writer(), left);
        if (!put && !means_try_later(put.error())) return;
        left = left.subspan(put.value_or(0));
    }
}

void serve_all(Listener& listener, FdView bell, const std::function<std::string()>& text) {
    const std::array interests{Interest{bell, Readiness::readable},
                               Interest{listener.socket(), Readiness::readable}};
    std::array<bool, 2> ready{};
    while (sys::wait(interests, ready, {}) && !ready[0]) {
        auto arrival = listener.accept(Use::both);
        if (!arrival) {  // no descriptor is free
            (void)sys::wait({interests.data(), 1}, {}, 1s);
            continue;
        }
        if (auto* client = std::get_if<Accepted>(&*arrival)) {
            serve(client->stream, text);
            (void)client->stream.end_writing();
        }
    }
}

}  // namespace

std::string metrics_text(const RelayCounters& counters) {
    Text text;
    text.family("zc_relay_bytes_total", "counter", "Bytes delivered, by direction.");
    text.sample("zc_relay_bytes_total", "{direction=\"left_to_right\"}",
                counters.to_right.bytes.load());
    text.sample("zc_relay_bytes_total", "{direction=\"right_to_left\"}",
                counters.to_left.bytes.load());
    text.family("zc_relay_accepts_total", "counter", "Clients that were let in.");
    text.sample("zc_relay_accepts_total", "", counters.accepted.load());
    text.family("zc_relay_refusals_total", "counter", "Clients that were not let in.");
    text.sample("zc_relay_refusals_total", "", counters.refused.load());
    text.family("zc_relay_sessions_total", "counter", "Sessions that have begun.");
    text.sample("zc_relay_sessions_total", "", counters.begun.load());
    text.family("zc_relay_sessions", "gauge", "Sessions that run now.");
    text.sample("zc_relay_sessions", "", counters.running.load());
    text.family("zc_relay_pipe_bytes", "gauge", "Capacity of all pipes that sessions have.");
    text.sample("zc_relay_pipe_bytes", "", counters.pipe_bytes.load());
    text.family("zc_relay_errors_total", "counter", "Errors, by kind.");
    for (std::size_t i = 0; i < counters.errors.size(); ++i)
        text.sample("zc_relay_errors_total",
                    fmt::format("{{kind=\"{}\"}}", name_of(static_cast<Errc>(i))),
                    counters.errors[i].load());
    text.family("zc_relay_method_bytes_total", "counter",
                "Bytes of sessions that have ended, by method.");
    for (std::size_t i = 0; i < counters.bytes_by.size(); ++i)
        text.sample("zc_relay_method_bytes_total",
                    fmt::format("{{method=\"{}\"}}", name_of(static_cast<Method>(i))),
                    counters.bytes_by[i].load());
    text.histogram("zc_relay_connect_seconds", "From a client's arrival to its session.",
                   counters.connect);
    text.histogram("zc_relay_session_seconds", "How long sessions took.", counters.session);
    return text.take();
}

Result<MetricsServer> MetricsServer::start(const Address& at, std::function<std::string()> text) {
    if (!is_listener(at))
        return failure(
            Error::told(Errc::bad_address, "listen", "is not a listener").about(label_of(at.read)));
    auto listener = open_listener(at, {});
    if (!listener) return failure(listener.error());
    auto bell = sys::make_eventfd();
    if (!bell) return failure(bell.error());
    MetricsServer server(listener->local().value_or(listener->label()), std::move(*bell));
    // A thread's function is copied, a listener is not.
    auto shared = std::make_shared<Listener>(std::move(*listener));
    try {
        server.thread_ = std::thread([shared, bell = server.bell_.view(), text = std::move(text)] {
            serve_all(*shared, bell, text);
        });
    } catch (const std::system_error& refused) {
        return failure(Error::system("clone", refused.code().value()));
    }
    return server;
}

MetricsServer::~MetricsServer() {
    if (!thread_.joinable()) return;
    sys::ring(bell_.view());
    thread_.join();
}

}  // namespace zc
