// Which opener an address has; a new type of address adds its line here.
#include "address/open.hpp"

#include "address/connecting.hpp"
#include "address/opener.hpp"
#include "kernel/sys_file.hpp"

namespace zc {
namespace {

Result<StreamParts> inherited_pair(Use use) {
    StreamParts parts;
    if (reads(use)) parts.reader = FdView(0);
    if (writes(use)) parts.writer = FdView(1);
    for (const FdView each : {parts.reader, parts.writer}) {
        if (!each.valid()) continue;
        const auto open = sys::access_of(each);
        if (!open) return failure(open.error());
    }
    return parts;
}

// Kernel: STDOUT of `a | zc-relay stdout tcp:...` cannot be read; the direction
// that the open mode forbids is absent instead of failing at the first byte.
Result<StreamParts> inherited(FdView fd, Use use) {
    const auto access = sys::access_of(fd);
    if (!access) return failure(access.error());
    const auto facts = classify(fd);
    if (!facts) return failure(facts.error());
    const bool both = use == Use::both;
    StreamParts parts;
    if (reads(use) && !(both && *access == sys::Access::write)) parts.reader = fd;
    if (writes(use) && !(both && *access == sys::Access::read)) parts.writer = fd;
    if (is_socket(facts->kind)) parts.end = EndOfWriting::shutdown;
    return parts;
}

struct OpenTarget {
    const SimpleAddress& address;
    Use use;
    const OpenContext& context;

    Result<Stream> operator()(const Stdio&) const { return stream_of(inherited_pair(use)); }
    Result<Stream> operator()(const FdNumber& it) const {
        return stream_of(inherited(FdView(it.number), use));
    }
    Result<Stream> operator()(const OpenFile& it) const {
        return stream_of(open_file_stream(it, address.options, use));
    }
    Result<Stream> operator()(const PipeAddress& it) const {
        return stream_of(open_pipe_stream(it, address.options, use));
    }
    Result<Stream> operator()(const TcpConnect&) const { return connected(); }
    Result<Stream> operator()(const UnixConnect&) const { return connected(); }
    Result<Stream> operator()(const Exec&) const {
        return stream_of(spawn_child(address, use, context));
    }
    Result<Stream> operator()(const Shell&) const {
        return stream_of(spawn_child(address, use, context));
    }
    Result<Stream> operator()(const TcpListen&) const { return accepted(); }
    Result<Stream> operator()(const UnixListen&) const { return accepted(); }
    Result<Stream> operator()(const AcceptFd&) const { return accepted(); }

private:
    Result<Stream> stream_of(Result<StreamParts> parts) const {
        if (!parts) return failure(parts.error());
        parts->label = label_of(address);
        if (auto set = apply_stream_options(*parts, address.options); !set)
            return failure(set.error());
        return Stream(std::move(*parts));
    }
    Result<Stream> connected() const {
        return make_connection(address, use, context).map([](StreamParts parts) {
            return Stream(std::move(parts));
        });
    }
    Result<Stream> accepted() const {
        auto listener = open_listener(Address{address, std::nullopt}, context);
        if (!listener) return failure(listener.error());
        auto one = listener->accept_one(use);
        if (!one) return failure(one.error());
        return std::move(one->stream);
    }
};

Result<Stream> open_simple(const SimpleAddress& address, Use use, const OpenContext& context) {
    if (auto known = user_of(address.options); !known)
        return failure(known.error().about(label_of(address)));
    auto stream = std::visit(OpenTarget{address, use, context}, address.target);
    if (!stream && stream.error().subject.empty())
        return failure(stream.error().about(label_of(address)));
    if (!stream) return stream;
    if (auto changed = become_user(address); !changed) return failure(changed.error());
    return stream;
}

}  // namespace

Result<Stream> open_stream(const Address& address, Use use, const OpenContext& context) {
    if (!address.write) return open_simple(address.read, use, context);
    if (use == Use::read) return open_simple(address.read, use, context);
    if (use == Use::write) return open_simple(*address.write, use, context);
    auto reading = open_simple(address.read, Use::read, context);
    if (!reading) return reading;
    auto writing = open_simple(*address.write, Use::write, context);
    if (!writing) return writing;
    return Stream(std::move(*reading), std::move(*writing));
}

}  // namespace zc
