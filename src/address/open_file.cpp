// OPEN, CREATE, GOPEN, PIPE: names in the file system.
#include <cerrno>

#include "address/connecting.hpp"
#include "address/opener.hpp"
#include "address/option_table.hpp"
#include "address/syntax.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

struct Opened {
    Fd fd;
    enum class Was : std::uint8_t { there, created } was = Was::there;
};

// Opens, and knows whether the file is new: only then mode= and umask= apply.
// Never wider than asked for an instant: created with the mode less our own
// umask, then widened.
Result<Opened> open_exactly(const std::string& path, sys::OpenHow how,
                            std::optional<unsigned> mode) {
    if (!how.create || !mode)
        return sys::open_file(path, how).map([](Fd fd) { return Opened{std::move(fd)}; });
    const bool must_be_new = how.exclusive;
    how.mode = *mode;
    how.exclusive = true;
    auto made = sys::open_file(path, how);
    if (made) {
        if (auto set = sys::set_mode(made->view(), *mode); !set) return failure(set.error());
        return Opened{std::move(*made), Opened::Was::created};
    }
    if (made.error().code != EEXIST || must_be_new) return failure(made.error());
    how.exclusive = false;
    return sys::open_file(path, how).map([](Fd fd) { return Opened{std::move(fd)}; });
}

// Pipes and terminals that we opened must not block the event loop. They are
// opened blocking first: a FIFO waits for its other end there.
Result<void> set_blocking_by_kind(FdView fd) {
    const auto facts = classify(fd);
    if (!facts) return failure(facts.error());
    if (facts->kind != FdKind::pipe && facts->kind != FdKind::terminal) return {};
    return sys::set_not_blocking(fd);
}

Result<void> set_owner(FdView fd, const Options& options) {
    const auto owner = owner_of(options);
    if (!owner) return failure(owner.error());
    if (!owner->given()) return {};
    return sys::set_owner(fd, owner->user, owner->group);
}

Result<sys::Access> access_for(const OpenFile& file, const Options& options, Use use) {
    const bool only_read = options.on(opt::rdonly);
    const bool only_write = options.on(opt::wronly) || file.how == OpenFile::How::create;
    if (only_read && use == Use::write)
        return failure(Error::told(Errc::bad_address, "open", "\"rdonly\" cannot be written"));
    if (only_write && use == Use::read)
        return failure(Error::told(Errc::bad_address, "open",
                                   file.how == OpenFile::How::create
                                       ? "CREATE cannot be read"
                                       : "\"wronly\" cannot be read"));
    if (only_read || use == Use::read) return sys::Access::read;
    if (options.on(opt::wronly) || use == Use::write) return sys::Access::write;
    return sys::Access::both;
}

sys::OpenHow how_to_open(const OpenFile& file, const Options& options, sys::Access access,
                         const sys::Entry& entry) {
    sys::OpenHow how;
    how.access = access;
    how.create = options.on(opt::creat);
    how.exclusive = options.on(opt::excl);
    how.append = options.on(opt::append);
    how.truncate = options.on(opt::trunc);
    how.no_access_time = options.on(opt::noatime);
    if (file.how == OpenFile::How::create) how.create = how.truncate = true;
    if (file.how == OpenFile::How::gopen && access != sys::Access::read) {
        if (entry.kind == sys::EntryKind::missing) how.create = options.get(opt::creat, true);
        if (entry.kind == sys::EntryKind::regular)
            how.append = options.get(opt::append, !how.truncate);
    }
    return how;
}

// A bare path that is a socket: options for files have nothing to act on there.
Result<StreamParts> connect_path(const OpenFile& file, const Options& options, Use use) {
    for (const Option& option : options.list()) {
        const OptionRule* rule = find_rule(option.name);
        if (rule == nullptr || (rule->groups & (groups::stream | groups::socket)) == 0)
            return failure(Error::told(
                Errc::bad_address, "connect",
                "is a socket: option \"" + std::string(option.name) + "\" does not apply"));
    }
    if (file.path.size() > unix_name_bytes) return malformed("is too long (at most 107 bytes)");
    return make_connection({UnixConnect{UnixSpace::filesystem, file.path}, {}}, use, {});
}

}  // namespace

Result<StreamParts> open_file_stream(const OpenFile& file, const Options& options, Use use) {
    if (auto gone = unlink_early(file.path, options); !gone) return failure(gone.error());
    sys::Entry entry;
    if (file.how == OpenFile::How::gopen) {
        auto found = sys::look_up(file.path);
        if (!found) return failure(found.error());
        if (found->kind == sys::EntryKind::socket) return connect_path(file, options, use);
        entry = *found;
    }
    const auto access = access_for(file, options, use);
    if (!access) return failure(access.error());
    auto opened =
        open_exactly(file.path, how_to_open(file, options, *access, entry), mode_of(options, 0666));
    if (!opened) return failure(opened.error());
    Fd fd = std::move(opened->fd);
    if (auto set = set_blocking_by_kind(fd.view()); !set) return failure(set.error());
    if (auto set = set_owner(fd.view(), options); !set) return failure(set.error());
    StreamParts parts;
    if (*access != sys::Access::write) parts.reader = fd.view();
    if (*access != sys::Access::read) parts.writer = fd.view();
    // With reading still to come, the end waits until the stream is finished.
    if (*access == sys::Access::write) parts.end = EndOfWriting::close;
    parts.read_owner = std::move(fd);
    if (options.on(opt::unlink_close)) {
        auto owned = OwnedEntry::adopt(file.path);
        if (!owned) return failure(owned.error());
        parts.entry = std::move(*owned);
    }
    return parts;
}

namespace {

Result<StreamParts> pipe_to_itself(Use use) {
    auto ends = sys::make_pipe();
    if (!ends) return failure(ends.error());
    StreamParts parts;
    for (Fd* end : {&ends->read_end, &ends->write_end}) {
        auto moved = sys::above_standard(std::move(*end));
        if (!moved) return failure(moved.error());
        *end = std::move(*moved);
        if (auto set = sys::set_not_blocking(end->view()); !set) return failure(set.error());
    }
    if (reads(use)) parts.reader = ends->read_end.view();
    if (writes(use)) parts.writer = ends->write_end.view();
    parts.read_owner = std::move(ends->read_end);
    parts.write_owner = std::move(ends->write_end);
    parts.end = EndOfWriting::close;
    return parts;
}

// Makes the FIFO unless something is there; the answer owns a new one.
Result<OwnedEntry> provide_fifo(const std::string& path, const Options& options) {
    const auto mode = mode_of(options, 0666);
    auto made = sys::make_fifo(path, mode.value_or(0666));
    if (!made && made.error().code != EEXIST) return failure(made.error());
    const bool is_new = made.has_value();
    if (is_new && mode)
        if (auto set = sys::set_mode(path, *mode); !set) return failure(set.error());
    const auto entry = sys::look_up(path);
    if (!entry) return failure(entry.error());
    if (entry->kind != sys::EntryKind::fifo)
        return failure(Error::told(Errc::bad_address, "mkfifo", "is there and is no FIFO"));
    if (!options.get(opt::unlink_close, is_new)) return OwnedEntry();
    return OwnedEntry::adopt(path);
}

Result<Fd> open_fifo(const std::string& path, sys::Access access) {
    sys::OpenHow how;
    how.access = access;
    auto fd = sys::open_file(path, how);
    if (!fd) return fd;
    if (auto set = sys::set_not_blocking(fd->view()); !set) return failure(set.error());
    return fd;
}

}  // namespace

Result<StreamParts> open_pipe_stream(const PipeAddress& pipe, const Options& options, Use use) {
    if (pipe.path.empty()) return pipe_to_itself(use);
    if (auto gone = unlink_early(pipe.path, options); !gone) return failure(gone.error());
    auto entry = provide_fifo(pipe.path, options);
    if (!entry) return failure(entry.error());
    StreamParts parts;
    parts.entry = std::move(*entry);
    // Kernel: opening one end of a FIFO sleeps until somebody opens the other.
    // For both directions we are that somebody, held open meanwhile; two
    // descriptors, so that closing one passes the end of the data on.
    Fd held;
    if (use == Use::both) {
        auto fd = open_fifo(pipe.path, sys::Access::both);
        if (!fd) return failure(fd.error());
        held = std::move(*fd);
    }
    if (reads(use)) {
        auto fd = open_fifo(pipe.path, sys::Access::read);
        if (!fd) return failure(fd.error());
        parts.read_owner = std::move(*fd);
    }
    if (writes(use)) {
        auto fd = open_fifo(pipe.path, sys::Access::write);
        if (!fd) return failure(fd.error());
        parts.write_owner = std::move(*fd);
    }
    parts.reader = parts.read_owner.view();
    parts.writer = parts.write_owner.view();
    parts.end = EndOfWriting::close;
    const FdView any = parts.reader.valid() ? parts.reader : parts.writer;
    if (auto set = set_owner(any, options); !set) return failure(set.error());
    return parts;
}

}  // namespace zc
