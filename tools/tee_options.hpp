// What zc-tee's command line says.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/fanout_sink.hpp"
#include "result.hpp"
#include "supervisor.hpp"

namespace zc::tool {

// --output-error, and -p for warn_nopipe.
enum class OutputError : std::uint8_t { sigpipe, warn, warn_nopipe, exit, exit_nopipe };

// How a sink that does not keep up is treated.
struct Pace {
    Slow slow = Slow::block;
    std::chrono::milliseconds slow_after{5000};
    std::uint64_t buffer_bytes = 0;
};

struct TeeOptions {
    CommonOptions common;
    SupervisorOptions supervisor;
    ResultOptions result;
    bool append = false;
    bool ignore_interrupts = false;
    bool no_stdout = false;
    OutputError output_error = OutputError::sigpipe;
    Pace pace;

    [[nodiscard]] bool leaving_is_silent() const {
        return output_error == OutputError::warn_nopipe || output_error == OutputError::exit_nopipe;
    }
    [[nodiscard]] bool errors_end() const {
        return output_error == OutputError::exit || output_error == OutputError::exit_nopipe;
    }
};

void declare_tee(OptionTable& table, TeeOptions& options);

// Of several -p and --output-error the last one counts.
[[nodiscard]] OutputError output_error_of(const Words& words);

// Nothing when it is none of block, detach, drop.
[[nodiscard]] std::optional<Slow> slow_of(const std::string& text);

}  // namespace zc::tool
