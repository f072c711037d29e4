// transfer [--never] SOURCE SINK: opens two addresses and moves everything with one call of
// the library; --never by read(2) and write(2).
#include <zc/zc.hpp>

#include <csignal>
#include <cstdio>
#include <string_view>

namespace {

int fail(const zc::Error& error) {
    std::fprintf(stderr, "transfer: %s: %s\n", error.subject.c_str(), zc::cause(error).c_str());
    return 1;
}

zc::Result<zc::Stream> opened(const char* text, zc::Use use) {
    const auto address = zc::parse_address(text);
    if (!address) return zc::failure(address.error());
    return zc::open_stream(*address, use, {});
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    zc::TransferOptions how;
    if (argc == 4 && std::string_view(argv[1]) == "--never")
        how.policy.zero_copy = zc::ZeroCopy::never;
    else if (argc != 3)
        return 2;
    auto source = opened(argv[argc - 2], zc::Use::read);
    if (!source) return fail(source.error());
    auto sink = opened(argv[argc - 1], zc::Use::write);
    if (!sink) return fail(sink.error());
    const auto report = zc::transfer(sink->writer(), source->reader(), {}, how);
    if (report.error) return fail(*report.error);
    return sink->end_writing() ? 0 : 1;
}
