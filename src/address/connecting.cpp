// Kernel: asking a non-blocking socket to connect a second time says how the first
// stands: 0 once it is connected, EALREADY before, else why it failed. On this
// machine it is connected as soon as the first call has returned.
#include "address/connecting.hpp"

#include <algorithm>
#include <cerrno>

#include "address/opener.hpp"

namespace zc {
namespace {

using namespace std::chrono_literals;

// A full backlog of a UNIX listener is EAGAIN, and nothing tells when it is not.
constexpr auto backlog_look = 10ms;

// What a clock can add.
constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 366);

bool is_tcp(const SimpleAddress& address) {
    return std::holds_alternative<TcpConnect>(address.target);
}

}  // namespace

bool Connecting::suits(const SimpleAddress& address) {
    return is_tcp(address) || std::holds_alternative<UnixConnect>(address.target);
}

Connecting::Connecting(const SimpleAddress& address, Use use, const OpenContext& context)
    : address_(&address),
      use_(use),
      family_(context.family),
      tries_left_(address.options.get(opt::retry, 0)) {
    if (auto known = user_of(address.options); !known) {
        error_ = known.error();
        phase_ = Phase::failed;
        return;
    }
    if (const auto* local = std::get_if<UnixConnect>(&address.target)) {
        found(unix_address(local->space, local->name).map([](SocketAddress name) {
            return std::vector{name};
        }));
        return;
    }
    const auto& tcp = std::get<TcpConnect>(address.target);
    // A number needs no name server.
    auto numbers = sys::resolve_numbers(tcp.host, tcp.service, family_towards(address, family_));
    by_name_ = !numbers;
    if (numbers) found(std::move(numbers));
}

std::function<Lookup()> Connecting::lookup() const {
    const auto& tcp = std::get<TcpConnect>(address_->target);
    return [host = tcp.host, service = tcp.service, family = family_towards(*address_, family_)] {
        return sys::resolve(host, service, family, sys::Purpose::connecting);
    };
}

void Connecting::found(Lookup addresses) {
    at_ = 0;
    phase_ = Phase::choosing;
    addresses_.clear();
    if (addresses)
        addresses_ = std::move(*addresses);
    else
        refused(addresses.error());
}

// The address tried last will not do; the next one may.
void Connecting::refused(const Error& error) {
    const auto* tcp = std::get_if<TcpConnect>(&address_->target);
    const bool one_of_many = tcp != nullptr && at_ < addresses_.size();
    error_ = one_of_many ? naming_address(error, current(), tcp->host) : error;
    (void)socket_.close();
    in_backlog_ = false;
    ++at_;
    phase_ = Phase::choosing;
}

void Connecting::begin(Clock::time_point now) {
    auto made = is_tcp(*address_) ? tcp_socket_towards(current(), address_->options)
                                  : unix_socket_towards(address_->options);
    if (!made) return refused(made.error());
    socket_ = std::move(*made);
    ++attempt_;
    give_up_.reset();
    const auto* limit = address_->options.find(opt::connect_timeout);
    if (limit != nullptr && *limit != 0ms) give_up_ = now + std::min(*limit, longest);
    const auto begun = sys::connect(socket_.view(), current());
    if (begun)
        phase_ = Phase::connected;
    else if (begun.error().code == EINPROGRESS || means_try_later(begun.error()))
        phase_ = Phase::connecting;
    else
        refused(begun.error());
}

void Connecting::ask(Clock::time_point now) {
    const auto outcome = sys::connect(socket_.view(), current());
    if (outcome || outcome.error().code == EISCONN) {
        phase_ = Phase::connected;
        return;
    }
    in_backlog_ = means_try_later(outcome.error());
    if (!in_backlog_ && outcome.error().code != EALREADY) return refused(outcome.error());
    if (give_up_ && now >= *give_up_)
        return refused(Error::told(Errc::timed_out, "connect", "connection timed out"));
    deadline_ = in_backlog_ ? std::optional(now + backlog_look) : give_up_;
}

void Connecting::pause_or_fail(Clock::time_point now) {
    if (tries_left_-- <= 0 && !address_->options.on(opt::forever)) {
        phase_ = Phase::failed;
        return;
    }
    phase_ = Phase::pausing;
    deadline_ =
        now + std::min(address_->options.get(opt::interval, limits::retry_interval), longest);
}

// A name may have other addresses by now.
void Connecting::start_again() {
    at_ = 0;
    phase_ = by_name_ ? Phase::looking_up : Phase::choosing;
}

Connecting::State Connecting::advance(Clock::time_point now) {
    for (;;) switch (phase_) {
            case Phase::looking_up: return State::look_up;
            case Phase::choosing:
                if (at_ < addresses_.size())
                    begin(now);
                else
                    pause_or_fail(now);
                break;
            case Phase::connecting:
                ask(now);
                if (phase_ == Phase::connecting) return State::wait;
                break;
            case Phase::pausing:
                if (now < *deadline_) return State::wait;
                start_again();
                break;
            case Phase::connected: return State::connected;
            case Phase::failed: return State::failed;
        }
}

Result<StreamParts> Connecting::take() {
    StreamParts parts = parts_of_socket(
        std::move(socket_), is_tcp(*address_) ? FdKind::tcp_socket : FdKind::unix_socket, use_);
    parts.label = label_of(*address_);
    if (auto set = apply_stream_options(parts, address_->options); !set)
        return failure(set.error());
    if (auto changed = become_user(*address_); !changed) return failure(changed.error());
    return parts;
}

Result<StreamParts> make_connection(const SimpleAddress& address, Use use,
                                    const OpenContext& context) {
    Connecting connecting(address, use, context);
    for (;;) {
        const auto now = Connecting::Clock::now();
        switch (connecting.advance(now)) {
            case Connecting::State::look_up: connecting.found(connecting.lookup()()); break;
            case Connecting::State::connected: return connecting.take();
            case Connecting::State::failed: return failure(connecting.error());
            case Connecting::State::wait: {
                std::optional<std::chrono::milliseconds> limit;
                if (const auto until = connecting.deadline())
                    limit =
                        std::max(std::chrono::ceil<std::chrono::milliseconds>(*until - now), 0ms);
                const auto waited = wait_until({connecting.socket(), Readiness::writable}, limit);
                if (!waited) return failure(waited.error());
            }
        }
    }
}

}  // namespace zc
