// A file that takes the place of another when it is whole, or not at all.
#pragma once

#include <string>

#include "kernel/fd.hpp"
#include "kernel/result.hpp"

namespace zc {

// Written beside its place: without a name where the file system can (O_TMPFILE), else
// under a temporary one that a signal removes. Until commit() what stands at the path
// is as it was; afterwards it is the new file, whole, also when the power fails.
//
// Owns     the descriptor and the temporary name; without commit() both go.
// Kernel   after SIGKILL a temporary name may stay, `.NAME.zc-...`; the file at the path
//          is the old or the new one.
class AtomicFile {
public:
    // Takes    a path; a symbolic link is followed, and stays.
    // Errors   what open(2) says of the directory; EPERM when the owner of what stands
    //          there could not be kept; unavailable when that is no regular file.
    [[nodiscard]] static Result<AtomicFile> create(const std::string& path);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) noexcept = delete;
    ~AtomicFile() { discard(); }

    // Where it is written: a regular file, empty, at its beginning.
    [[nodiscard]] FdView file() const { return file_.view(); }

    // Makes it whole: bytes on the disk, mode and owner as those of what stands at the
    // path (or a new file's), a name beside it. Order: once, before commit().
    //
    // Errors   fsync(2)'s, and so every write that was lost.
    [[nodiscard]] Result<void> prepare();
    // Puts it in its place, and that on the disk.
    [[nodiscard]] Result<void> commit();
    void discard();

private:
    AtomicFile(std::string path, std::string directory, std::string name)
        : path_(std::move(path)), directory_(std::move(directory)), name_(std::move(name)) {}
    [[nodiscard]] Result<void> open_beside();
    [[nodiscard]] Result<void> take_owner();
    [[nodiscard]] std::string next_name();

    std::string path_;
    std::string directory_;
    std::string name_;       // without the directory
    std::string temporary_;  // the name it has now; empty without one
    unsigned mode_ = 0;
    bool keeps_mode_ = false;
    unsigned tries_ = 0;
    Fd file_;
};

}  // namespace zc
