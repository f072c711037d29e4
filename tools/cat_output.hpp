// Where zc-cat writes: standard output, a file, or an address.
#pragma once

#include <optional>
#include <vector>

#include "address/open.hpp"
#include "cat_options.hpp"
#include "engine/endpoint.hpp"
#include "kernel/atomic_file.hpp"

namespace zc::tool {

// Owns    the file or stream, and its child, until close().
// Errors  all are told by the Program; failed() says whether writing is pointless.
class CatOutput {
public:
    CatOutput(Program& program, const CatOptions& options) : program_(program), options_(options) {}

    // Takes    all inputs: a file that is one of them keeps its content.
    // Returns  false when nothing can be written.
    [[nodiscard]] bool open(const std::vector<CatInput>& inputs);

    [[nodiscard]] const Endpoint& sink() const { return sink_; }
    [[nodiscard]] bool failed() const { return failed_; }
    void blame(const Error& error);
    // It was written, and is not what was expected.
    void reject(const Error& error);

    // Passes the end on; waits for a child. An atomic file takes its place, if nothing
    // has been complained of.
    void close();

private:
    [[nodiscard]] bool take(Result<Endpoint> sink);
    [[nodiscard]] bool open_address();
    [[nodiscard]] bool open_file(const std::vector<CatInput>& inputs);
    [[nodiscard]] bool is_the_file(const CatInput& input) const;
    [[nodiscard]] bool open_atomic();
    void finish_stream();
    void finish_atomic();
    [[nodiscard]] std::string name() const;

    Program& program_;
    const CatOptions& options_;
    Endpoint sink_;
    Fd file_;
    std::optional<AtomicFile> atomic_;
    std::optional<Stream> stream_;
    bool failed_ = false;
};

}  // namespace zc::tool
