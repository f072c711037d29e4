// A source that is fed and sinks that are read, by threads; for the fan-out's tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/fanout.hpp"
#include "kernel/ends.hpp"

namespace zc::test {

// The first bytes of one endless text without repetition: what is lost, doubled
// or moved is seen. At most 8 MiB of it.
[[nodiscard]] std::string_view text_of(std::size_t bytes);

enum class From : std::uint8_t { pipe, unix_socket, tcp, file, pty };
inline constexpr std::size_t from_count = 5;

enum class To : std::uint8_t { pipe, file, append, tcp, unix_socket, null, full };
inline constexpr std::size_t to_count = 7;

[[nodiscard]] const char* name_of(From kind);
[[nodiscard]] const char* name_of(To kind);

// A source with this text; a thread writes it, then closes its end. A terminal
// has no end: its reader needs a limit.
class Inlet {
public:
    Inlet(From kind, std::string_view text, const TempDir& files);
    ~Inlet();
    [[nodiscard]] Endpoint end() const { return look_at(near_.view(), "the source").value(); }
    [[nodiscard]] FdView near() const { return near_.view(); }

private:
    Fd near_;
    Fd far_;  // a terminal's, kept open
    std::thread feeder_;
};

// How a sink's reader behaves.
struct Habit {
    std::size_t piece = 65536;                // bytes it reads at a time
    std::optional<std::size_t> leaves_after;  // bytes; 0: it was never there
};

// A sink; what goes in is read by a thread, or found in the file.
class Outlet {
public:
    Outlet(To kind, const TempDir& files, Habit habit = {});
    ~Outlet();
    [[nodiscard]] Endpoint end() const { return look_at(near_.view(), name_of(kind_)).value(); }
    [[nodiscard]] FdView near() const { return near_.view(); }
    [[nodiscard]] To kind() const { return kind_; }

    // All that came out of it. Order: after the fan-out.
    [[nodiscard]] std::string got();

private:
    To kind_;
    Fd near_;
    std::filesystem::path file_;
    std::string got_;
    std::thread reader_;
};

using Outlets = std::vector<std::unique_ptr<Outlet>>;

[[nodiscard]] Outlets make_outlets(const std::vector<To>& kinds, const TempDir& files);
[[nodiscard]] std::vector<FanoutSink> sinks_of(const Outlets& outlets);

}  // namespace zc::test
