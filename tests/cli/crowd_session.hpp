// What each session of the crowd is to do, and what came of it; no system calls.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "pattern.hpp"

namespace zc::test {

using Clock = std::chrono::steady_clock;
inline constexpr std::size_t number_bytes = sizeof(std::uint64_t);
inline constexpr std::size_t piece_bytes = 256 * 1024;
inline constexpr std::uint64_t stalled_bytes = 8 * 1024 * 1024;

struct Random {  // splitmix64
    std::uint64_t state = 0;
    std::uint64_t below(std::uint64_t limit) {
        std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return (z ^ (z >> 31)) % limit;
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    // Most are small; one in eight is empty, one in sixteen of any size.
    std::uint64_t size(std::uint64_t most) {
        const std::uint64_t kind = below(16);
        if (kind < 2) return 0;
        if (kind == 15) return below(most + 1);
        return below(std::min<std::uint64_t>(most, kind < 8 ? 200 : 64 * 1024) + 1);
    }
};

struct Digest {  // FNV-1a
    std::uint64_t value = 0xCBF29CE484222325U;
    void add(std::span<const char> bytes) {
        for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
};

enum Side { client, server };
enum class Kind { lively, stalled, idle };

// What goes one way in a session: the session's number, if a client sends it, and then
// the pattern of the seed.
struct Flow {
    std::string head;
    std::uint64_t seed = 0, total = 0, sent = 0, got = 0;
    Digest made, seen;
    std::optional<std::uint64_t> wrong_at;
    std::string error;

    // The bytes from place `at` on.
    void fill(std::span<char> out, std::uint64_t at) const {
        Pattern(seed).fill(out, at);
        if (at < head.size()) head.copy(out.data(), out.size(), static_cast<std::size_t>(at));
    }
    void take(std::span<const char> bytes) {
        std::vector<char> right(bytes.size());
        fill(right, got);
        const auto at = std::mismatch(bytes.begin(), bytes.end(), right.begin()).first;
        if (at != bytes.end() && !wrong_at)
            wrong_at = got + static_cast<std::uint64_t>(at - bytes.begin());
        seen.add(bytes);
        got += bytes.size();
    }
    [[nodiscard]] bool good() const {
        return sent == total && got == total && seen.value == made.value && error.empty();
    }
    [[nodiscard]] std::string shown() const {
        return "expected " + std::to_string(total) + " bytes, sent " + std::to_string(sent) +
               ", got " + std::to_string(got) +
               (seen.value == made.value ? "" : ", digests differ") +
               (wrong_at ? ", wrong from byte " + std::to_string(*wrong_at) : "") +
               (error.empty() ? "" : ", " + error);
    }
};

struct End;
struct Session {
    std::uint64_t number = 0;
    Kind kind = Kind::lively;
    Flow flow[2];  // by the side that sends
    End* end[2] = {};
    int closed = 0;
};

// One side of a session. Its habits follow from the seed of what it sends.
struct End {
    Side side = client;
    int fd = -1;
    Session* session = nullptr;  // of a server: once the number has come
    std::string number;
    std::uint32_t armed = 0;
    bool connected = false, shut = false, ended = false;
    Clock::time_point read_at{}, write_at{};  // not before
    Random random;
    bool waits = false;       // for the other side's end, with what is left after ...
    std::uint64_t ahead = 0;  // ... so many bytes, and with its own end
    std::size_t write_most = piece_bytes, read_most = piece_bytes;
    std::uint64_t pauses = 0, late_ms = 0;

    [[nodiscard]] Flow& out() const { return session->flow[side]; }
    [[nodiscard]] Flow& in() const { return session->flow[1 - side]; }
    [[nodiscard]] std::uint64_t to_send() const {
        return (waits && !ended ? ahead : out().total) - out().sent;
    }

    void play(Session& played) {
        session = &played;
        session->end[side] = this;
        if (session->kind == Kind::stalled) return;
        random.state = out().seed;
        // Both sides see the same: one of them may wait for the other, never both.
        waits = session->flow[client].seed % 4 == (side == client ? 0 : 1);
        const std::uint64_t least = side == client ? number_bytes : 0;
        ahead = least + random.below(out().total - least + 1);
        if (random.one_in(2)) ahead = random.one_in(2) ? least : out().total;
        write_most = out().total / 300 + (std::size_t{1} << random.below(18));
        if (random.one_in(3)) read_most = in().total / 100 + 1 + random.below(2000);
        if (random.one_in(8)) late_ms = 1 + random.below(400);
        if (random.one_in(2)) pauses = random.below(30);
    }
};

// Sizes and seeds of all sessions; the stalled ones come first, then the idle ones.
inline std::vector<Session> plan_sessions(std::uint64_t count, std::uint64_t stalled,
                                          std::uint64_t idle, std::uint64_t seed,
                                          std::uint64_t most) {
    std::vector<Session> sessions(count);
    Random random{seed};
    for (std::uint64_t i = 0; i < count; ++i) {
        Session& s = sessions[i];
        s.number = i;
        if (i < stalled + idle) s.kind = i < stalled ? Kind::stalled : Kind::idle;
        s.flow[client].head.assign(reinterpret_cast<const char*>(&i), number_bytes);
        s.flow[client].total = number_bytes + random.size(most);
        s.flow[server].total = s.kind == Kind::stalled ? stalled_bytes : random.size(most);
        for (Flow& flow : s.flow) flow.seed = random.below(~0U);
    }
    return sessions;
}

}  // namespace zc::test
