// Every constant of the library, with its unit and the measurement it came from
// (Linux 6.18, 2 cores; "CPU s/GiB" is the mover's own).
#pragma once

#include <chrono>
#include <cstddef>

namespace zc::limits {

// Wanted capacity of a carrier, and of a foreign pipe we read or write.
// pipe -> pipe: 0.211 CPU s/GiB at 64 KiB, 0.009 at 1 MiB. It is also the most
// that an ordinary process may ask for (/proc/sys/fs/pipe-max-size).
inline constexpr std::size_t pipe_bytes = 1024 * 1024;

// Below this no pipe is made: a new 1 MiB pipe costs 6.5 us, reading and
// writing 64 KiB 6.8 us.
inline constexpr std::size_t small_transfer_bytes = 64 * 1024;

// What a carrier of the relay has at first: a connection may have bulk only once.
inline constexpr std::size_t first_carrier_bytes = 64 * 1024;

// Empty carriers that an event loop keeps for the next who asks.
inline constexpr std::size_t idle_carriers = 16;

// Pipes of a session that is run by itself: one of 1 MiB each way, two where it is recorded.
inline constexpr std::size_t session_pipe_bytes = 4 * pipe_bytes;

// Memory of the relay's carriers where the kernel sets no quota: half its usual one.
inline constexpr std::size_t unlimited_pipe_memory_bytes = 32 * 1024 * 1024;

// How long an event loop asks for the next short message before it sleeps, and how fast
// one must have come for that. Round trip of 64 bytes: 38-48 us; without, 119-133.
inline constexpr std::chrono::microseconds busy_poll{50};
inline constexpr std::chrono::microseconds quick_answer{100};

// What the relay reads at once from a stream that is quiet; a read that fills it
// means bulk, and a carrier. Up to 4 KiB read and write cost less than two splices,
// and with a pipe still to be made up to 64 KiB.
inline constexpr std::size_t relay_buffer_bytes = 16 * 1024;

// How long a stream must have moved nothing before its carrier serves others, where it
// is not lent as soon as it is empty: with a rate, `ignoreeof`, or an end of somebody else.
inline constexpr std::chrono::milliseconds carrier_rest{200};

// The user-space buffer of `copy` and `uncached`.
inline constexpr std::size_t buffer_bytes = 128 * 1024;

// The buffer of `uncached`, where the disk is waited for: see src/README.md.
inline constexpr std::size_t uncached_bytes = 1024 * 1024;

// The same for a file that is copied into a socket which is slept on, once so much of it has
// been sent. A GiB over TCP: 2.2 GiB/s at 0.43 CPU s/GiB, with 128 KiB 1.9 at 0.53; 16 MiB:
// no difference beyond the noise (0.96, spread 14 %).
inline constexpr std::size_t file_to_socket_bytes = 1024 * 1024;
inline constexpr std::size_t socket_bulk_bytes = 8 * 1024 * 1024;

// The most one splice is asked to move: no more than this passes between two
// looks at the lease, the limit and the counters. Sockets get no smaller pieces: UNIX to
// UNIX GiB/s 2.65, with 128 KiB 2.43, 64 KiB 2.12; TCP to TCP 1.29, 0.86, 0.93.
inline constexpr std::size_t splice_bytes = 4 * 1024 * 1024;

// The most one splice takes from a file for a pipe: a quarter of the pipe, so that its
// reader takes some while we bring more. With a whole pipe-full both wait in turns.
// GiB/s (and spread) 41 (8 %), with 128 KiB 29 (24 %), 512 KiB 38 (12 %), 1 MiB 20
// (94 %); CPU s/GiB 0.025, 0.033, 0.023, 0.029.
inline constexpr std::size_t file_piece_bytes = 256 * 1024;

// The most one copy_file_range is asked to move. Without reflink it copies in
// the kernel, about 0.1 s for this much, and cannot be interrupted.
inline constexpr std::size_t reflink_bytes = 256 * 1024 * 1024;

// Bytes that a blocking pipe takes without sleeping once poll(2) has said it is
// writable: one free slot. A terminal promises one byte, and sleeps for a second.
inline constexpr std::size_t sure_write_bytes = 4096;
inline constexpr std::size_t sure_terminal_bytes = 1;

// From this much on a thread of a sink's own writes it: waking one costs 20-50 us,
// writing this much to a file 40-100 us.
inline constexpr std::size_t work_for_a_thread = 256 * 1024;

// What is read at once where several threads may write it; less is not worth waking
// them. Two O_APPEND files on tmpfs, GiB/s: 1.2 with 128 KiB, 1.5 with this.
inline constexpr std::size_t shared_block_bytes = 1024 * 1024;

// One pipe slot.
inline constexpr std::size_t page_bytes = 4096;

// How many pipe-fulls at the end of a file are copied rather than spliced: one
// for the sink's pipe, three for splicing programs behind it. 0.4 ms.
inline constexpr std::size_t copied_tail_pipes = 4;

// A file shorter than this is copied: twice the copied tail of a 1 MiB pipe.
inline constexpr std::size_t aliased_file_bytes = 2 * copied_tail_pipes * pipe_bytes;

// From this size on the kernel is told that a file is read from end to end.
inline constexpr std::size_t read_ahead_bytes = 1024 * 1024;

// How much of a file may be in the page cache at once where it is dropped behind us: one
// of these when it is read, two when it is written.
inline constexpr std::size_t drop_window_bytes = 4 * 1024 * 1024;

// How far ahead is looked at what is cached. The kernel must not have read so far: its
// read_ahead_kb, 8 MiB at most on machines seen, twice of a file read from end to end.
inline constexpr std::size_t look_ahead_bytes = 64 * 1024 * 1024;

// How long a writer may be kept waiting by our lease, and how often a mover
// that waits for its sink looks whether somebody waits.
inline constexpr std::chrono::milliseconds lease_grace{250};
inline constexpr std::chrono::milliseconds lease_look{50};

// Connections that wait for accept(2); the kernel cuts it to net.core.somaxconn.
inline constexpr int listen_backlog = 4096;

// How long a target of several that has refused is not tried first.
inline constexpr std::chrono::milliseconds target_retry{10'000};

// The pause between two tries of `retry` and `forever`, as in socat.
inline constexpr std::chrono::milliseconds retry_interval{1000};

// How long after the end of a source with `ignoreeof` it is read again.
inline constexpr std::chrono::milliseconds look_again_after{1000};

// How often a connection that must not be closed yet is looked at.
inline constexpr std::chrono::milliseconds linger_look{10};

// How long a child may take to end once it has been sent SIGTERM.
inline constexpr std::chrono::milliseconds child_grace{1000};

}  // namespace zc::limits
