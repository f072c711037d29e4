#include "engine/same_file.hpp"

#include "kernel/file.hpp"

namespace zc {

bool feeds_itself(const Endpoint& source, const Endpoint& sink) {
    const FdFacts& from = source.facts;
    const FdFacts& to = sink.facts;
    if (from.kind != FdKind::regular || to.kind != FdKind::regular) return false;
    if (from.device != to.device || from.inode != to.inode) return false;
    const auto reads_at = position(source.fd);
    if (!reads_at || *reads_at >= from.size_bytes) return false;
    if (to.append == Append::yes) return true;
    const auto writes_at = position(sink.fd);
    return writes_at && *writes_at > *reads_at;
}

}  // namespace zc
