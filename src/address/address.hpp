// Addresses: what socat's grammar says, as values. No system calls; see open.hpp.
//
// A new type of address costs: its struct and a place in Target, a row in the
// keyword table, a printer (print.cpp), an opener (open.cpp). std::visit
// without a catch-all makes the compiler name the places.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "address/option.hpp"
#include "kernel/result.hpp"
#include "kernel/socket_address.hpp"

namespace zc {

struct Stdio {  // `-`, STDIO: reads descriptor 0, writes descriptor 1
    friend bool operator==(const Stdio&, const Stdio&) = default;
};
struct FdNumber {  // FD:n, a bare n; STDIN, STDOUT and STDERR are 0, 1 and 2
    int number = 0;
    friend bool operator==(const FdNumber&, const FdNumber&) = default;
};
struct OpenFile {  // OPEN, CREATE, GOPEN and a bare path
    enum class How : std::uint8_t { open, create, gopen } how = How::open;
    std::string path;
    friend bool operator==(const OpenFile&, const OpenFile&) = default;
};
struct PipeAddress {  // PIPE: a FIFO, or without a path a pipe to itself
    std::string path;
    friend bool operator==(const PipeAddress&, const PipeAddress&) = default;
};
struct TcpConnect {
    Family family = Family::any;
    std::string host, service;
    friend bool operator==(const TcpConnect&, const TcpConnect&) = default;
};
struct TcpListen {
    Family family = Family::any;
    std::string service;
    friend bool operator==(const TcpListen&, const TcpListen&) = default;
};
struct UnixConnect {
    UnixSpace space = UnixSpace::filesystem;
    std::string name;
    friend bool operator==(const UnixConnect&, const UnixConnect&) = default;
};
struct UnixListen {
    UnixSpace space = UnixSpace::filesystem;
    std::string name;
    friend bool operator==(const UnixListen&, const UnixListen&) = default;
};
struct Exec {  // a program and its arguments, not yet split (split_command)
    std::string command;
    friend bool operator==(const Exec&, const Exec&) = default;
};
struct Shell {  // SYSTEM, SHELL: a line for /bin/sh
    std::string command;
    friend bool operator==(const Shell&, const Shell&) = default;
};
struct AcceptFd {  // an inherited listening socket
    int number = 0;
    friend bool operator==(const AcceptFd&, const AcceptFd&) = default;
};

using Target = std::variant<Stdio, FdNumber, OpenFile, PipeAddress, TcpConnect, TcpListen,
                            UnixConnect, UnixListen, Exec, Shell, AcceptFd>;

// One address without `!!`.
struct SimpleAddress {
    Target target;
    Options options;
    friend bool operator==(const SimpleAddress&, const SimpleAddress&) = default;
};

// What stands in one place of a command line: one address for both directions,
// or `A!!B`, which reads from A and writes to B.
struct Address {
    SimpleAddress read;
    std::optional<SimpleAddress> write;
    friend bool operator==(const Address&, const Address&) = default;
};

// Takes    any bytes. Keywords and option names in any case.
// Returns  an address whose every option is known, built, in range and
//          applies: opening it can only fail for what the system says.
// Errors   bad_address for what does not follow the grammar; unavailable for
//          what socat has and zc has not, by name. The detail is one line
//          without the address, the subject is the address as typed.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

// The address in canonical words.
//
// Returns  text for which parse_address() gives `address` again, if it came
//          from there.
[[nodiscard]] std::string print(const Address& address);
[[nodiscard]] std::string print(const SimpleAddress& address);

// What messages call it: the path of a file, else the address without options.
[[nodiscard]] std::string label_of(const SimpleAddress& address);

// Whether it waits for connections, and whether it serves each in turn (`fork`).
[[nodiscard]] bool is_listener(const Address& address);
[[nodiscard]] bool is_listener(const SimpleAddress& address);
[[nodiscard]] bool forks(const Address& address);

// Whether it is a program that gets the other address' own descriptors (`nofork`).
[[nodiscard]] bool is_nofork(const Address& address);

}  // namespace zc
