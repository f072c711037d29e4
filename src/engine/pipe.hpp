// A pipe that programs build pipelines of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/reader_writer.hpp"
#include "engine/transfer.hpp"
#include "kernel/fd.hpp"

namespace zc {

// Owns     both ends of a pipe(2), closed on exec and non-blocking; its calls wait all the
//          same, in poll(2).
// Order    one thread reads while another writes; any thread may close either end. Bytes
//          leave in the order in which they came.
// Errors   a call on an end that is closed, or that is closed while the call waits, answers
//          Errc::stopped. Where nobody reads any more, EPIPE and SIGPIPE, as write(2).
// Source   `Pipe` of acln.ro/zerocopy.
class Pipe {
public:
    // Takes    the wanted capacity in bytes; 0 is the kernel's own, 64 KiB.
    // Returns  one of at least a page: the wish is halved until the user's quota grants it.
    // Errors   EMFILE, ENFILE, ENOMEM.
    [[nodiscard]] static Result<Pipe> create(std::size_t capacity = 0);
    Pipe(Pipe&& other) noexcept;
    Pipe& operator=(Pipe&& other) noexcept;
    // Order    last: when no other thread uses it.
    ~Pipe();

    // Bytes that fit in whole pages; what comes in pieces needs a page for each.
    [[nodiscard]] std::size_t capacity() const;
    // Returns  what it became: the kernel rounds up to a power of two pages.
    // Errors   EPERM over the limit or quota, EBUSY when more is in it.
    Result<std::size_t> set_capacity(std::size_t bytes);

    // To lend to others: for children, or a poll(2).
    [[nodiscard]] FdView read_end() const;
    [[nodiscard]] FdView write_end() const;

    // Returns  how many bytes there are now, at least one; 0 when the writing end is closed
    //          and all has been read, or for a span of none.
    // Blocks   until there is one.
    Result<std::size_t> read(std::span<std::byte> into);
    // Returns  the size of the span: all of it has found room.
    // Blocks   until it has.
    Result<std::size_t> write(std::span<const std::byte> from);

    // Each closes one end, or both, and ends whoever waits there.
    //
    // Errors   Errc::stopped when it is closed already.
    Result<void> close_read();
    Result<void> close_write();
    Result<void> close();

    // Moves what a source has into the pipe, to its end or at most `limit` bytes: in the
    // kernel from a descriptor, through memory from a Reader. The writing end stays open.
    //
    // Blocks   until then; whoever fills a pipe needs somebody who reads it.
    TransferReport read_from(FdView source, std::optional<std::uint64_t> limit = std::nullopt,
                             Policy policy = {});
    // What `source` tees goes where it goes when it is read.
    TransferReport read_from(Pipe& source, std::optional<std::uint64_t> limit = std::nullopt,
                             Policy policy = {});
    template <Reader R>
    TransferReport read_from(R& source, std::optional<std::uint64_t> limit = std::nullopt) {
        return read_from(reading(source), limit);
    }

    // Moves what is in the pipe, and what comes, to a sink, until the writing end is closed,
    // or at most `limit` bytes: in the kernel to a descriptor, through memory to a Writer.
    //
    // Errors   what was taken and not delivered when the sink fails is lost.
    TransferReport write_to(FdView sink, std::optional<std::uint64_t> limit = std::nullopt,
                            Policy policy = {});
    TransferReport write_to(Pipe& sink, std::optional<std::uint64_t> limit = std::nullopt,
                            Policy policy = {});
    template <Writer W>
    TransferReport write_to(W& sink, std::optional<std::uint64_t> limit = std::nullopt) {
        return write_to(writing(sink), limit);
    }

    // From now on what is read from this pipe, by read() or write_to(), is written to `copy`,
    // too: into a pipe by tee(2), to a Writer from memory. No byte is missed or repeated,
    // whatever is short. Pipes may be chained; a pipe gives its bytes to one other, or to
    // one Writer. A call waits while the other pipe is full: somebody else must read it.
    //
    // Order    before there are bytes that should be in the copy. `copy` outlives its use.
    // Errors   of the copy, with Side::sink, from the call that reads.
    void tee(Pipe& copy);
    template <Writer W>
    void tee(W& copy) {
        tee(writing(copy));
    }

private:
    struct State;
    explicit Pipe(std::shared_ptr<State> state);
    TransferReport read_from(const ReadFunction& source, std::optional<std::uint64_t> limit);
    TransferReport write_to(const WriteFunction& sink, std::optional<std::uint64_t> limit);
    void tee(WriteFunction copy);

    std::shared_ptr<State> state_;
};

}  // namespace zc
