#include "kernel/atomic_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "kernel/sys_atomic.hpp"
#include "kernel/sys_file.hpp"
#include "kernel/sys_proc.hpp"

namespace zc {
namespace {

constexpr unsigned usual_mode = 0666;    // before the umask
constexpr unsigned private_mode = 0600;  // of a file that can be found by its name
constexpr unsigned most_tries = 100;

}  // namespace

// Nobody else makes such a name but by chance, and then the next one is taken.
std::string AtomicFile::next_name() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return fmt::format("{}/.{}.zc-{}-{:x}", directory_, name_, sys::own_pid(),
                       static_cast<std::uint64_t>(now) + ++tries_);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      directory_(std::move(other.directory_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, {})),
      mode_(other.mode_),
      keeps_mode_(other.keeps_mode_),
      tries_(other.tries_),
      file_(std::move(other.file_)) {}

Result<AtomicFile> AtomicFile::create(const std::string& given) {
    auto path = sys::real_path(given);
    if (!path) return failure(path.error().about(given));
    const auto slash = path->rfind('/');
    const std::string name = slash == std::string::npos ? *path : path->substr(slash + 1);
    const std::string directory = slash == std::string::npos ? "."
                                  : slash == 0               ? "/"
                                                             : path->substr(0, slash);
    AtomicFile made(*path, directory, name);
    for (auto step : {&AtomicFile::open_beside, &AtomicFile::take_owner})
        if (auto done = (made.*step)(); !done) return failure(done.error().about(given));
    return made;
}

Result<void> AtomicFile::open_beside() {
    if (name_.empty() || name_ == "." || name_ == "..")
        return failure(Error::system("open", EISDIR));
    auto unnamed = sys::open_unnamed(directory_, usual_mode);
    if (unnamed) {
        file_ = std::move(*unnamed);
        return {};
    }
    const int code = unnamed.error().code;
    if (code != EOPNOTSUPP && code != EISDIR && code != ENOENT && code != EINVAL)
        return failure(unnamed.error());
    // The umask is for the mode that it gets in the end.
    sys::OpenHow how;
    how.access = sys::Access::write;
    how.create = how.exclusive = true;
    how.mode = usual_mode;
    for (;;) {
        const std::string name = next_name();
        if (!sys::remember_name(name)) return failure(Error::system("open", EMFILE));
        auto opened = sys::open_file(name, how);
        if (opened) {
            temporary_ = name;
            file_ = std::move(*opened);
            return {};
        }
        sys::forget_name(name);
        if (opened.error().code != EEXIST || tries_ >= most_tries) return failure(opened.error());
    }
}

Result<void> AtomicFile::take_owner() {
    const auto there = sys::ownership_of(path_);
    if (!there) return failure(there.error());
    if (!there->exists) return {};
    if (!there->regular)
        return failure(Error::told(Errc::unavailable, "open", "is not a regular file"));
    mode_ = there->mode;
    keeps_mode_ = true;
    // Kernel: chown(2) to what it is already is refused by nobody.
    auto owned = sys::set_owner(file_.view(), there->user, there->group);
    if (!owned) return failure(Error::told(Errc::unavailable, "chown", "its owner cannot be kept"));
    return sys::set_mode(file_.view(), private_mode);
}

Result<void> AtomicFile::prepare() {
    // After chown(2), which takes set-user-ID away.
    if (keeps_mode_)
        if (auto set = sys::set_mode(file_.view(), mode_); !set)
            return failure(set.error().about(path_));
    if (auto synced = sys::sync(file_.view()); !synced) return failure(synced.error().about(path_));
    while (temporary_.empty()) {
        const std::string name = next_name();
        if (!sys::remember_name(name)) return failure(Error::system("linkat", EMFILE).about(path_));
        const auto linked = sys::link_unnamed(file_.view(), name);
        if (linked) {
            temporary_ = name;
            continue;
        }
        sys::forget_name(name);
        if (linked.error().code != EEXIST || tries_ >= most_tries)
            return failure(linked.error().about(path_));
    }
    return {};
}

Result<void> AtomicFile::commit() {
    auto renamed = sys::rename(temporary_, path_);
    if (!renamed) return failure(renamed.error().about(path_));
    sys::forget_name(std::exchange(temporary_, {}));
    auto synced = sys::sync_directory(directory_);
    if (!synced) return failure(synced.error().about(path_));
    auto closed = file_.close();
    if (!closed) return failure(closed.error().about(path_));
    return {};
}

void AtomicFile::discard() {
    (void)file_.close();
    if (temporary_.empty()) return;
    (void)sys::unlink(temporary_);
    sys::forget_name(std::exchange(temporary_, {}));
}

}  // namespace zc
