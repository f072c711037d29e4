// The system calls of sys_atomic.hpp, as Linux has them.
#include "kernel/sys_atomic.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernel/sys_call.hpp"
#include "kernel/sys_file.hpp"

namespace zc::sys {
namespace {

constexpr std::array ending_signals{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};

// A handler may touch nothing but lock-free atomics.
std::array<std::atomic<char*>, 256> names{};
std::atomic<bool> ending = false;
static_assert(std::atomic<char*>::is_always_lock_free);

void remove_names_and_die(int signal) {
    ending = true;
    for (auto& name : names)
        if (const char* const path = name.load()) ::unlink(path);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

void hear_signals() {
    for (const int signal : ending_signals) {
        struct sigaction now {};
        if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
        now = {};
        now.sa_handler = remove_names_and_die;
        // It is unblocked for raise(3) once the handler has returned.
        (void)::sigaction(signal, &now, nullptr);
    }
}

}  // namespace

Result<Fd> open_unnamed(const std::string& directory, unsigned mode) {
    auto fd = checked("open", [&] {
        return ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode_t{mode});
    });
    if (!fd) return failure(fd.error());
    return above_standard(Fd(*fd));
}

Result<void> link_unnamed(FdView file, const std::string& path) {
    const std::string own = "/proc/self/fd/" + std::to_string(file.number());
    return done("linkat", [&] {
        return ::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    });
}

Result<void> rename(const std::string& from, const std::string& to) {
    return done("rename", [&] { return ::rename(from.c_str(), to.c_str()); });
}

Result<void> sync(FdView file) {
    return done("fsync", [&] { return ::fsync(file.number()); });
}

Result<void> sync_directory(const std::string& path) {
    auto fd =
        checked("open", [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (!fd) return failure(fd.error());
    return sync(Fd(*fd).view());
}

Result<std::string> real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&::free)> found(::realpath(path.c_str(), nullptr), ::free);
    if (found) return std::string(found.get());
    if (errno == ENOENT) return path;
    return failure(Error::system("realpath", errno));
}

Result<Ownership> ownership_of(const std::string& path) {
    struct stat found {};
    auto looked = done("stat", [&] { return ::stat(path.c_str(), &found); });
    if (!looked && looked.error().code == ENOENT) return Ownership{};
    if (!looked) return failure(looked.error());
    return Ownership{true, S_ISREG(found.st_mode), found.st_uid, found.st_gid,
                     found.st_mode & 07777U};
}

bool remember_name(const std::string& path) {
    static const bool heard = (hear_signals(), true);
    (void)heard;
    char* const copy = ::strdup(path.c_str());
    for (auto& name : names) {
        char* none = nullptr;
        if (name.compare_exchange_strong(none, copy)) return true;
    }
    ::free(copy);
    return false;
}

// A handler in another thread that still reads the name has said before that all ends.
void forget_name(const std::string& path) {
    for (auto& name : names) {
        char* held = name.load();
        if (held == nullptr || path != held) continue;
        if (!name.compare_exchange_strong(held, nullptr)) continue;
        if (!ending) ::free(held);
        return;
    }
}

}  // namespace zc::sys
