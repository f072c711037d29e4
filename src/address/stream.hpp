// An open address: one or two descriptors, what they are called, and how they end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "address/owned_entry.hpp"
#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// How the end of what was written is passed on.
enum class EndOfWriting : std::uint8_t {
    nothing,   // the other end learns it when the stream is finished
    shutdown,  // shutdown(SHUT_WR): reading goes on
    close      // the writing descriptor is closed
};

// A child process behind a stream.
struct Child {
    int pid = 0;
    Fd exited;  // polls readable when it has ended
    enum class Leads : std::uint8_t { nobody, a_session } leads = Leads::nobody;
    enum class AtEnd : std::uint8_t { wait, leave } at_end = AtEnd::wait;
    bool told_to_end = false;         // it has been sent SIGTERM
    std::vector<int> wanted_signals;  // those that it is to get when we get them
};

// What an opener hands to Stream. A view without an owner is an inherited descriptor.
struct StreamParts {
    std::string label;
    Fd read_owner, write_owner;  // write_owner empty when one descriptor serves both
    FdView reader, writer;       // invalid where the direction is absent
    EndOfWriting end = EndOfWriting::nothing;
    std::optional<FdKind> own_kind;  // both are ours, of this kind, and non-blocking
    std::optional<Child> child;
    OwnedEntry entry;
    bool ignore_end = false;
    bool peer_talks = false;  // where nobody reads
    std::optional<std::uint64_t> read_limit_bytes;
};

// Owns    its descriptors (not inherited ones), its child, its entry. The
//         destructor is finish(0) without an answer: a child gets SIGTERM.
class Stream {
public:
    explicit Stream(StreamParts parts);
    // Reads from one and writes to the other (`A!!B`).
    Stream(Stream reading, Stream writing);
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&&) noexcept = delete;
    Stream(const Stream&) = delete;
    ~Stream();

    // Invalid where the direction is absent; may be the same number. Ours are
    // non-blocking unless they are files; inherited ones are as they were.
    [[nodiscard]] FdView reader() const { return parts_.reader; }
    [[nodiscard]] FdView writer() const;

    // What messages call it; of `A!!B` the two ends have their own.
    [[nodiscard]] const std::string& label() const { return parts_.label; }
    [[nodiscard]] const std::string& writer_label() const;

    // Options that the mover applies: `ignoreeof` (the end of reading is not an
    // end) and `readbytes`.
    [[nodiscard]] bool ignores_end() const { return parts_.ignore_end; }
    [[nodiscard]] std::optional<std::uint64_t> read_limit_bytes() const {
        return parts_.read_limit_bytes;
    }
    [[nodiscard]] EndOfWriting end_of_writing() const;

    // The kind of socket or pipe that both descriptors are, if they are ours and non-blocking.
    [[nodiscard]] std::optional<FdKind> own_kind() const {
        return writing_ ? std::nullopt : parts_.own_kind;
    }

    // Of a TCP connection that is not read to its end: drops some of what the peer has said.
    //
    // Returns  whether closing it now could lose what was written: the peer talks,
    //          and has not got everything yet. Ask again soon.
    // Kernel   closing a socket that holds unread input resets the connection, and
    //          what is still on its way is lost with it.
    [[nodiscard]] bool must_linger();

    // From now on its end looks like a failure to the other side: a TCP connection
    // is reset when it is closed.
    //
    // Kernel   nothing else can say so: a UNIX socket only ends.
    void spoil();

    // Whether a program is at the other end of what is read, or written.
    [[nodiscard]] bool reads_child() const { return parts_.child.has_value(); }
    [[nodiscard]] bool writes_child() const {
        return writing_ ? writing_->reads_child() : reads_child();
    }

    // Whether end_writing() takes the reader away, too.
    [[nodiscard]] bool ends_both_ways() const {
        return !writing_ && parts_.end == EndOfWriting::close && parts_.reader == parts_.writer;
    }

    // Polls readable when the child has ended; invalid without a child.
    [[nodiscard]] FdView child_exit() const;

    // Makes its descriptors block, for a program that is to have them, or not; leaves
    // inherited ones as they are.
    [[nodiscard]] Result<void> set_blocking(Blocking blocking) const;

    // Passes the end of the data on; afterwards writer() is invalid. With
    // `shut-close` on one descriptor for both directions reader() is, too.
    //
    // Errors  a close(2) that failed: what was written may be lost.
    Result<void> end_writing();

    // Closes the descriptors and removes the entry; the child learns it from its
    // own descriptors and goes on by itself.
    //
    // Errors   a close(2) that failed: what was written may be lost.
    Result<void> close();

    // Whether the child has not ended yet; false without one.
    [[nodiscard]] bool child_runs() const;

    // Sends SIGTERM to a child that runs, unless `end-close` leaves it alone.
    void end_child();

    // Sends a signal to the children that asked for it (`sigint`).
    //
    // Returns  whether one of them was still there to get it: the caller goes on.
    bool forward_signal(int signal);

    // Closes everything, waits for the child.
    //
    // Takes    how long a child may take to end by itself after its
    //          descriptors were closed; nothing is as long as it needs.
    //          Then it gets SIGTERM and limits::child_grace; after end_child()
    //          neither.
    // Errors   the first of: close(2); child_failed ("exit status 3", "killed
    //          by SIGSEGV"), but not for the SIGTERM we sent, nor for SIGPIPE:
    //          that is a child whose output we stopped reading.
    // Blocks   for the child, at most patience plus child_grace.
    Result<void> finish(std::optional<std::chrono::milliseconds> patience);

private:
    Result<void> close_this();
    Result<void> finish_child(std::optional<std::chrono::milliseconds> patience);

    StreamParts parts_;
    std::unique_ptr<Stream> writing_;  // the other half of `A!!B`
};

// A stream of a descriptor that is the caller's own: an accepted or connected socket, a pipe's
// end, a file.
//
// Takes    its label for messages. A socket is made non-blocking, and its end is passed on
//          by shutdown(2); of others by close(2).
// Errors   EBADF when it is closed.
[[nodiscard]] Result<Stream> adopt(Fd fd, std::string label);

}  // namespace zc
