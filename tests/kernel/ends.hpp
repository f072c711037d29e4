// Real descriptors for tests: pairs of ends, and a directory that cleans up.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kernel/fd.hpp"

namespace zc::test {

// Two ends that reach each other. Every maker throws where the kernel refuses.
struct Pair {
    Fd near;  // what the test hands to the library
    Fd far;   // its peer
};

[[nodiscard]] Pair pipe_to_read();   // near is the read end
[[nodiscard]] Pair pipe_to_write();  // near is the write end
[[nodiscard]] Pair unix_pair(int type);
[[nodiscard]] Pair tcp_pair();
[[nodiscard]] Pair pty_pair();  // near is the slave, raw; far the master

[[nodiscard]] Fd open_file(const std::filesystem::path& path, int flags);
void set_nonblocking(FdView fd);

// What is there now, without waiting; stops at `most` bytes.
[[nodiscard]] std::string read_now(FdView fd, std::size_t most = ~std::size_t{0});
// What a non-blocking descriptor takes now.
std::size_t write_now(FdView fd, std::string_view bytes);
// Sends bytes with a copy of a descriptor (SCM_RIGHTS).
void send_with(FdView socket, std::string_view bytes, FdView passed);
// All until the end; sleeps, for non-blocking descriptors at most 10 s.
[[nodiscard]] std::string read_all(FdView fd);
// Everything; sleeps. Stops when nobody reads any more.
void write_all(FdView fd, std::string_view bytes);

class TempDir {
public:
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }
    // Makes a file that holds these bytes.
    [[nodiscard]] std::filesystem::path file(const char* name, std::string_view bytes) const;

private:
    std::filesystem::path path_;
};

}  // namespace zc::test
