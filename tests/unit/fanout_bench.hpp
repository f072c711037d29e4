// A fan-out over the fake kernel, from its first byte to its last.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "battery.hpp"
#include "catch.hpp"
#include "engine/fanout.hpp"
#include "engine/workspace.hpp"
#include "unit/fake_kernel.hpp"

namespace zc::test {

inline constexpr std::size_t text_bytes = 250001;
inline constexpr std::size_t portion_bytes = 39777;  // what the source has at a time

inline fake::Thing thing(FdKind kind, Append append = Append::no) {
    fake::Thing made;
    made.kind = kind;
    made.append = append;
    return made;
}

inline fake::Thing never_sleeping(fake::Thing made) {
    made.blocking = Blocking::no;
    return made;
}

inline fake::Thing device_full() {
    return {.kind = FdKind::memory_device, .device = fake::Device::full};
}

// A source that gets its text in portions, and sinks that are drained when
// somebody waits.
class Bench {
    static const std::string& the_text() {
        static const std::string text = pattern(text_bytes);
        return text;
    }

public:
    Bench(fake::Thing from, std::vector<fake::Thing> to, Waiting how = Waiting::in_kernel)

        : waiting(how), source_(kernel.open(std::move(from))) {
        for (fake::Thing& sink : to) sinks_.push_back(kernel.open(std::move(sink)));
        got.resize(sinks_.size());
        if (begin().kind == FdKind::regular) begin().content = text;
        kernel.calls_may_sleep = waiting == Waiting::in_kernel;
        kernel.on_sleep = [this] { return act(); };
    }

    fake::Thing& begin() { return kernel.of(source_.view()); }
    fake::Thing& end(std::size_t i) { return kernel.of(sinks_[i].view()); }
    [[nodiscard]] FdView sink(std::size_t i) const { return sinks_[i].view(); }

    // Sends the next bytes of the text, and the end after the last one.
    void feed(std::size_t bytes) {
        const std::string_view rest = std::string_view(text).substr(sent_);
        sent_ += fake::send(begin(), rest.substr(0, bytes));
        begin().ended = sent_ == text.size();
    }

    void run() {
        std::vector<FanoutSink> sinks;
        for (const Fd& fd : sinks_) sinks.push_back({*look_at(fd.view(), "sink")});
        if (prepare) prepare(sinks);
        FanoutOptions options;
        options.transfer.waiting = waiting;
        options.transfer.policy = policy;
        options.watch_readers = watch_readers;
        const std::size_t opened = kernel.opened();
        {
            Workspace space;
            if (large_first) (void)space.carrier.pipe();
            report = run_fanout(*look_at(source_.view(), "source"), sinks, space, options);
            CHECK(space.held() == 0);
        }
        CHECK(kernel.opened() == opened);
        for (std::size_t i = 0; i < got.size(); ++i) got[i] += fake::drain(end(i));
    }

    // Every sink has what its report says; those that live have all.
    void check_exact() const {
        for (std::size_t i = 0; i < got.size(); ++i) {
            INFO("sink " << i);
            const SinkReport& sink = report.sinks[i];
            CHECK(got[i].size() == sink.bytes);
            const bool is_prefix = got[i] == text.substr(0, sink.bytes);
            CHECK(is_prefix);
            if (sink.error) CHECK(sink.error->side == Side::sink);
            if (!sink.error && !report.error) CHECK(sink.bytes == report.bytes);
        }
    }

    void check_complete() const {
        CHECK(!report.error);
        CHECK(report.bytes == text.size());
        check_exact();
        for (const SinkReport& sink : report.sinks) CHECK(!sink.error);
    }

    const std::string& text = the_text();
    Waiting waiting;
    Policy policy{};
    bool large_first = false;
    bool watch_readers = false;
    std::function<void(std::vector<FanoutSink>&)> prepare;
    std::function<bool(std::size_t)> reads = [](std::size_t) { return true; };  // now?
    std::function<bool()> feeds = [] { return true; };
    std::size_t portion = portion_bytes;
    fake::Kernel kernel;
    std::vector<std::string> got;
    FanoutReport report;

private:
    bool act() {
        bool acted = false;
        for (std::size_t i = 0; i < got.size(); ++i) acted = collect(i) || acted;
        if (begin().kind == FdKind::regular || begin().ended) return acted;
        if (fake::readable(begin()) || !feeds()) return acted;
        feed(portion);
        return true;
    }

    bool collect(std::size_t i) {
        if (end(i).kind == FdKind::regular || !reads(i)) return false;
        const std::string fresh = fake::drain(end(i));
        got[i] += fresh;
        return !fresh.empty();
    }

    Fd source_;
    std::vector<Fd> sinks_;
    std::size_t sent_ = 0;
};

}  // namespace zc::test
