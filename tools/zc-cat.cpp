// zc-cat: cat(1). Options are in cat_options.cpp, the output is in cat_output.cpp; libzc does
// the work.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cat_options.hpp"
#include "cat_output.hpp"
#include "engine/run_filtered.hpp"
#include "engine/same_file.hpp"
#include "engine/skip.hpp"
#include "engine/workspace.hpp"
#include "kernel/file.hpp"
#include "kernel/io.hpp"
#include "kernel/limits.hpp"
#include "quote.hpp"
#include "tool.hpp"

namespace {

using zc::Side;

bool changes_lines(const zc::LineOptions& lines) {
    return lines.numbering != zc::Numbering::none || lines.squeeze_blank || lines.show_ends ||
           lines.show_tabs || lines.show_nonprinting;
}

// Everything that outlives one input: the sink, and one carrier and buffer for all.
class Cat {
public:
    Cat(zc::tool::Program& program, const zc::tool::CatOptions& options)
        : program_(program),
          options_(options),
          supervisor_(program, options.supervisor),
          check_(options.result),
          output_(program, options),
          skip_left_(options.skip_bytes),
          count_left_(options.count_bytes),
          changes_lines_(changes_lines(options.lines)),
          formatter_(options.lines) {}

    int run(const zc::tool::Words& words) {
        if (!take_inputs(words) || !supervisor_.start() || !start_check()) return program_.status();
        if (output_.open(inputs_)) {
            supervisor_.expect(expected_bytes());
            for (const zc::tool::CatInput& input : inputs_)
                if (count_left_ == 0 || out_of_time() || !copy_input(input)) break;
            end_lines();
            close_all();
        }
        supervisor_.sum_up();
        return program_.status();
    }

private:
    std::optional<zc::Address> parsed(const std::string& text) {
        auto address = zc::parse_address(text);
        if (address) return std::move(*address);
        program_.complain(zc::tool::one_line(text), zc::cause(address.error()));
        return std::nullopt;
    }

    bool start_check() {
        const auto ready = check_.start();
        if (!ready) program_.complain("--digest", ready.error());
        return ready.has_value();
    }

    // Addresses are understood before anything is opened.
    bool take_inputs(const zc::tool::Words& words) {
        for (const auto& word : words) {
            if (word.option.empty()) inputs_.push_back({*word.value, std::nullopt});
            if (word.option != "--from") continue;
            inputs_.push_back({*word.value, parsed(*word.value)});
            if (!inputs_.back().address) return false;
        }
        if (inputs_.empty()) inputs_.push_back({"-", std::nullopt});
        return true;
    }

    [[nodiscard]] bool out_of_time() const { return program_.status() == zc::tool::out_of_time; }

    // Of all inputs together, if all of them are files.
    [[nodiscard]] std::optional<std::uint64_t> expected_bytes() const {
        if (options_.supervisor.progress == zc::tool::ShowProgress::never || changes_lines_)
            return std::nullopt;
        std::uint64_t all = 0;
        for (const zc::tool::CatInput& input : inputs_) {
            if (input.address) return std::nullopt;
            const auto file = input.text == "-" ? zc::Result<zc::Fd>(zc::Fd())
                                                : zc::open_file(input.text, zc::OpenFor::reading);
            const zc::FdView fd = file && file->valid() ? file->view() : zc::FdView(0);
            const auto bytes = file ? zc::bytes_left_in(fd) : std::optional<std::uint64_t>(0);
            if (!bytes) return std::nullopt;
            all += *bytes;
        }
        all -= std::min(all, skip_left_);
        return count_left_ ? std::min(all, *count_left_) : all;
    }

    // ---- the inputs; each returns false when going on is pointless: the sink has failed

    bool copy_input(const zc::tool::CatInput& input) {
        if (input.address) return copy_address(input);
        if (input.text == "-") {
            used_standard_input_ = true;
            return copy_file(zc::FdView(0), input.text);
        }
        const auto file = zc::open_file(input.text, zc::OpenFor::reading);
        if (!file) return blame_file(input.text, file.error());
        return copy_file(file->view(), input.text);
    }

    bool copy_file(zc::FdView fd, const std::string& name) {
        const auto source = zc::look_at(fd, name);
        if (!source) return blame_file(name, source.error());
        if (const auto error = copy(*source, std::nullopt)) return blame_file(name, *error);
        return !output_.failed();
    }

    bool blame_file(const std::string& name, const zc::Error& error) {
        program_.complain(zc::tool::shell_quoted(name), error);
        return true;
    }

    bool copy_address(const zc::tool::CatInput& input) {
        auto stream = zc::open_stream(*input.address, zc::Use::read, {});
        if (!stream) return blame_stream(stream.error());
        const auto source = zc::look_at(stream->reader(), stream->label());
        if (!source) return blame_stream(source.error());
        auto left = stream->read_limit_bytes();
        for (;;) {
            const auto before = taken_;
            if (const auto error = copy(*source, left)) blame_stream(*error);
            if (left) *left -= taken_ - before;
            if (!stream->ignores_end() || program_.status() != 0 || left == 0 || count_left_ == 0)
                break;
            zc::wait_for({zc::Progress::State::waiting, {}, zc::limits::look_again_after});
        }
        // A child that was left before its end may not take its time.
        const bool ended = !output_.failed() && left != 0 && count_left_ != 0;
        const auto patience = ended ? std::nullopt : std::optional(std::chrono::milliseconds{0});
        if (auto finished = stream->finish(patience); !finished) blame_stream(finished.error());
        return !output_.failed();
    }

    bool blame_stream(const zc::Error& error) {
        program_.complain(zc::tool::one_line(error.subject), error);
        return true;
    }

    // Copies to the source's end, or to `most` bytes or --count. The sink's errors
    // are told here, the source's are returned.
    std::optional<zc::Error> copy(const zc::Endpoint& source, std::optional<std::uint64_t> most) {
        const zc::Endpoint& sink = output_.sink();
        if (skip_left_ != 0) {
            const auto over = most ? std::min(skip_left_, *most) : skip_left_;
            const auto skipped = zc::skip_bytes(source, space_, over);
            if (!skipped) return skipped.error();
            skip_left_ -= *skipped;
            taken_ += *skipped;
            if (most) *most -= *skipped;
        }
        if (zc::feeds_itself(source, sink))
            return zc::Error::told(zc::Errc::unavailable, "open", "input file is output file");
        zc::TransferOptions how;
        how.policy = options_.common.policy;
        if (options_.sparse) how.policy.holes = zc::Holes::kept;
        how.limit = count_left_;
        if (most && (!how.limit || *most < *how.limit)) how.limit = most;
        if (!changes_lines_) how.tap = check_.tap();
        supervisor_.supervise(how);
        const auto report =
            changes_lines_ ? copy_lines(source, how) : zc::run_transfer(source, sink, space_, how);
        taken_ += report.taken;
        delivered_ += report.bytes;
        if (count_left_) *count_left_ -= report.taken;
        if (options_.common.explain) program_.explain(source, sink, report);
        if (supervisor_.wants_stats()) supervisor_.add(zc::stats_of(source, sink, report));
        if (report.error && report.error->side == Side::sink) {
            output_.blame(*report.error);
            return std::nullopt;
        }
        return report.error;
    }

    zc::TransferReport copy_lines(const zc::Endpoint& source, const zc::TransferOptions& how) {
        return zc::run_filtered(source, output_.sink(), space_, how, [this](auto taken) {
            text_.clear();
            formatter_.format(taken, text_);
            check_.see(text_.unread());
            return text_.unread();
        });
    }

    // ---- the end

    void end_lines() {
        text_.clear();
        formatter_.finish(text_);
        if (output_.failed()) return;
        delivered_ += text_.unread().size();
        check_.see(text_.unread());
        if (auto written = zc::write_all(output_.sink().fd, text_.unread()); !written)
            output_.blame(written.error());
    }

    // Over NFS or a full quota the close tells of a write that was lost. The output
    // comes last: an atomic one is there only if all else was well.
    void close_all() {
        if (used_standard_input_)
            if (auto closed = zc::Fd(0).close(); !closed)
                program_.complain("closing standard input", zc::cause(closed.error()));
        if (program_.status() == zc::tool::success)
            if (const auto wrong = check_.wrong(delivered_)) output_.reject(*wrong);
        output_.close();
        if (auto digest = check_.digest()) supervisor_.add(std::move(*digest));
        if (program_.status() == zc::tool::success) publish();
    }

    void publish() {
        const auto published = check_.publish({options_.output.value_or("-")});
        if (!published) program_.complain(check_.place(), published.error());
    }

    zc::tool::Program& program_;
    const zc::tool::CatOptions& options_;
    std::vector<zc::tool::CatInput> inputs_;
    zc::tool::Supervisor supervisor_;
    zc::tool::ResultCheck check_;
    zc::tool::CatOutput output_;
    bool used_standard_input_ = false;
    zc::Workspace space_;
    std::uint64_t skip_left_;
    std::optional<std::uint64_t> count_left_;
    std::uint64_t taken_ = 0;
    std::uint64_t delivered_ = 0;
    bool changes_lines_;
    zc::LineFormatter formatter_;
    zc::TextBuffer text_;
};

}  // namespace

int main(int argc, char** argv) {
    zc::tool::CatOptions options;
    return zc::tool::run_program(
        zc::tool::words_of(argc, argv),
        {"[FILE]...", [&](auto& table) { zc::tool::declare_cat(table, options); }},
        [&](zc::tool::Program& program, const zc::tool::Words& words) {
            return Cat(program, options).run(words);
        });
}
