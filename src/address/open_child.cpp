// EXEC, SYSTEM and SHELL: a child process at the other end.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "address/opener.hpp"
#include "address/syntax.hpp"
#include "kernel/sys_file.hpp"
#include "kernel/sys_proc.hpp"

namespace zc {
namespace {

// What the child gets; one descriptor for both directions of a socketpair.
struct ChildEnds {
    Fd input, output;
    [[nodiscard]] FdView output_view() const {
        return output.valid() ? output.view() : input.view();
    }
};

struct Line {
    StreamParts ours;
    ChildEnds theirs;
};

Result<Line> make_socketpair(Use use, const Options& options) {
    auto pair = sys::socket_pair();
    if (!pair) return failure(pair.error());
    for (const FdView each : {pair->first.view(), pair->second.view()})
        if (auto set = set_buffer_options(each, options); !set) return failure(set.error());
    if (auto set = sys::set_not_blocking(pair->first.view()); !set) return failure(set.error());
    Line line;
    line.ours = parts_of_socket(std::move(pair->first), FdKind::unix_socket, use);
    line.theirs.input = std::move(pair->second);
    return line;
}

Result<void> prepare_our_end(Fd& end) {
    auto moved = sys::above_standard(std::move(end));
    if (!moved) return failure(moved.error());
    end = std::move(*moved);
    return sys::set_not_blocking(end.view());
}

Result<Line> make_pipes(Use use) {
    Line line;
    line.ours.end = EndOfWriting::close;
    line.ours.own_kind = FdKind::pipe;
    if (writes(use)) {
        auto pipe = sys::make_pipe();
        if (!pipe) return failure(pipe.error());
        if (auto ready = prepare_our_end(pipe->write_end); !ready) return failure(ready.error());
        line.ours.writer = pipe->write_end.view();
        line.ours.write_owner = std::move(pipe->write_end);
        line.theirs.input = std::move(pipe->read_end);
    }
    if (reads(use)) {
        auto pipe = sys::make_pipe();
        if (!pipe) return failure(pipe.error());
        if (auto ready = prepare_our_end(pipe->read_end); !ready) return failure(ready.error());
        line.ours.reader = pipe->read_end.view();
        line.ours.read_owner = std::move(pipe->read_end);
        line.theirs.output = std::move(pipe->write_end);
    }
    return line;
}

// One direction needs no socket, and a pipe moves bulk without copies.
bool wants_pipes(const Options& options, Use use) {
    const bool for_sockets = options.find(opt::sndbuf) != nullptr ||
                             options.find(opt::rcvbuf) != nullptr || options.on(opt::shut_down);
    return options.on(opt::pipes) || (use != Use::both && !for_sockets);
}

std::vector<std::string> environment_of(const OpenContext& context,
                                        const std::optional<sys::Identity>& user) {
    std::vector<std::string> out = context.environment;
    if (user) {
        out.push_back("USER=" + user->name);
        out.push_back("LOGNAME=" + user->name);
        out.push_back("HOME=" + user->home);
        out.push_back("SHELL=" + user->shell);
    }
    const int pid = sys::own_pid();
    for (const char* prefix : {"SOCAT", "ZC"}) {
        out.push_back(fmt::format("{}_PID={}", prefix, pid));
        out.push_back(fmt::format("{}_PPID={}", prefix, pid));
        out.push_back(fmt::format("{}_VERSION={}", prefix, ZC_VERSION));
    }
    return out;
}

// Numbers the child's ends above every number they are to get, so that putting
// one in place never overwrites another.
Result<void> raise(Fd& fd, int above) {
    if (!fd.valid() || fd.view().number() > above) return {};
    auto raised = sys::duplicate(fd.view(), above + 1);
    if (!raised) return failure(raised.error());
    fd = std::move(*raised);
    return {};
}

Result<std::vector<sys::Inherited>> place(ChildEnds& ends, const Options& options, Use use) {
    const int input = static_cast<int>(options.get(opt::fdin, 0));
    const int output = static_cast<int>(options.get(opt::fdout, 1));
    if (input == output && use == Use::both && ends.output.valid())
        return malformed("two pipes cannot be one descriptor (fdin, fdout)");
    const int above = std::max({input, output, 2});
    for (Fd* end : {&ends.input, &ends.output})
        if (auto raised = raise(*end, above); !raised) return failure(raised.error());
    std::vector<sys::Inherited> out;
    if (writes(use)) out.push_back({ends.input.view(), input});
    if (reads(use)) out.push_back({ends.output_view(), output});
    if (options.on(opt::with_stderr)) {
        if (!reads(use)) return malformed("option \"stderr\": the child's output is not read");
        out.push_back({ends.output_view(), 2});
    }
    return out;
}

// Kernel: a missing program and a missing directory are both ENOENT of the same
// call; only one of them is the program.
Result<void> check_directory(const std::string& directory) {
    if (directory.empty()) return {};
    sys::OpenHow how;
    auto opened = sys::open_file(directory + "/.", how);
    if (!opened) return failure(opened.error().about(directory));
    return {};
}

// Which of them failed: the program, or becoming the user.
Error naming_user(const Error& error, const sys::Spawn& what) {
    for (const std::string_view step : {"setgroups", "setgid", "setuid"})
        if (error.operation == step) return error.about("su=" + what.identity->name);
    return error;
}

Result<std::vector<std::string>> arguments_of(const Target& target) {
    if (const auto* shell = std::get_if<Shell>(&target))
        return std::vector<std::string>{"/bin/sh", "-c", shell->command};
    return split_command(std::get<Exec>(target).command);
}

// What the address says of the program, but not its descriptors.
Result<sys::Spawn> program_of(const SimpleAddress& program, const OpenContext& context) {
    const Options& options = program.options;
    sys::Spawn what;
    auto arguments = arguments_of(program.target);
    if (!arguments) return failure(arguments.error());
    what.arguments = std::move(*arguments);
    auto user = user_of(options);
    if (!user) return failure(user.error());
    what.identity = std::move(*user);
    what.environment = environment_of(context, what.identity);
    what.directory = options.get(opt::chdir, "");
    what.new_session = options.on(opt::setsid);
    if (auto there = check_directory(what.directory); !there) return failure(there.error());
    return what;
}

Result<Child> start(sys::Spawn what, ChildEnds& ends, const Options& options, Use use) {
    auto placed = place(ends, options, use);
    if (!placed) return failure(placed.error());
    what.descriptors = std::move(*placed);
    auto process = in_network(options, [&] { return sys::spawn(what); });
    if (!process) return failure(naming_user(process.error(), what));
    Child child;
    child.pid = process->pid;
    child.exited = std::move(process->exited);
    if (what.new_session) child.leads = Child::Leads::a_session;
    if (options.on(opt::sigint)) child.wanted_signals = {SIGINT};
    if (options.on(opt::end_close)) child.at_end = Child::AtEnd::leave;
    return child;
}

// The directions that `other` has, of those that are wanted of the program.
Result<Use> use_between(const Stream& other, Use use) {
    const bool input = writes(use) && other.reader().valid();
    const bool output = reads(use) && other.writer().valid();
    if (input && output) return Use::both;
    if (!input && !output) return malformed("option \"nofork\": nothing to read from or write to");
    return input ? Use::write : Use::read;
}

// Duplicates, above the standard descriptors; they go when the program has its own.
Result<ChildEnds> ends_of(const Stream& other, Use use) {
    constexpr int first = 3;
    ChildEnds ends;
    if (writes(use)) {
        auto input = sys::duplicate(other.reader(), first);
        if (!input) return failure(input.error().about(other.label()));
        ends.input = std::move(*input);
    }
    if (!reads(use) || (ends.input.valid() && other.writer() == other.reader())) return ends;
    auto output = sys::duplicate(other.writer(), first);
    if (!output) return failure(output.error().about(other.writer_label()));
    ends.output = std::move(*output);
    return ends;
}

Result<Stream> start_onto(const SimpleAddress& program, const Stream& other, Use wanted,
                          const OpenContext& context) {
    if (other.ignores_end() || other.read_limit_bytes())
        return malformed(
            "option \"nofork\" leaves nobody to see to \"ignoreeof\" or \"readbytes\"");
    auto what = program_of(program, context);
    if (!what) return failure(what.error());
    const auto use = use_between(other, wanted);
    if (!use) return failure(use.error());
    auto ends = ends_of(other, *use);
    if (!ends) return failure(ends.error());
    if (auto set = other.set_blocking(Blocking::yes); !set) return failure(set.error());
    auto child = start(std::move(*what), *ends, program.options, *use);
    if (!child) {
        (void)other.set_blocking(Blocking::no);  // another program or address may get it
        return failure(child.error());
    }
    StreamParts parts;
    parts.label = label_of(program);
    parts.child = std::move(*child);
    return Stream(std::move(parts));
}

}  // namespace

Result<StreamParts> spawn_child(const SimpleAddress& program, Use use, const OpenContext& context) {
    const Options& options = program.options;
    if (options.on(opt::nofork))
        return malformed("option \"nofork\" is for the second address of a relay");
    auto what = program_of(program, context);
    if (!what) return failure(what.error());
    auto line = wants_pipes(options, use) ? make_pipes(use) : make_socketpair(use, options);
    if (!line) return failure(line.error());
    auto child = start(std::move(*what), line->theirs, options, use);
    if (!child) return failure(child.error());
    line->ours.child = std::move(*child);
    return std::move(line->ours);
}

Result<Stream> spawn_onto(const Address& program, const Stream& other, Use use,
                          const OpenContext& context) {
    auto stream = start_onto(program.read, other, use, context);
    if (!stream && stream.error().subject.empty())
        return failure(stream.error().about(label_of(program.read)));
    return stream;
}

}  // namespace zc
