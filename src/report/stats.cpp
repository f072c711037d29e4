#include "report/stats.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/human.hpp"

namespace zc {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema_version = 1;

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::optional<std::string> text_of(const std::optional<Error>& error) {
    return error ? std::optional(cause(*error)) : std::nullopt;
}

Json json_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json json_of(const SinkStats& sink) {
    return {{"name", sink.end.name},
            {"kind", name_of(sink.end.kind)},
            {"bytes", sink.bytes},
            {"missed", sink.missed},
            {"method", name_of(sink.method)},
            {"error", json_or_null(sink.error)}};
}

Json json_of(const TransferStats& transfer) {
    Json sinks = Json::array();
    for (const SinkStats& sink : transfer.sinks) sinks.push_back(json_of(sink));
    Json demotions = Json::array();
    for (const Demotion& each : transfer.demotions)
        demotions.push_back({{"from", name_of(each.from)},
                             {"to", name_of(each.to)},
                             {"reason", cause(each.reason)}});
    return {{"source", {{"name", transfer.source.name}, {"kind", name_of(transfer.source.kind)}}},
            {"sinks", sinks},
            {"bytes", transfer.bytes},
            {"seconds", seconds(transfer.elapsed)},
            {"demotions", demotions},
            {"calls", transfer.calls},
            {"short_writes", transfer.shorts},
            {"try_laters", transfer.try_laters},
            {"error", json_or_null(transfer.error)}};
}

// Names stay on their line.
std::string shown(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    return out;
}

std::string text_of(const TransferStats& transfer) {
    std::string text;
    for (const SinkStats& sink : transfer.sinks) {
        text += fmt::format("  {} ({}) -> {} ({}): {} bytes by {}", shown(transfer.source.name),
                            name_of(transfer.source.kind), shown(sink.end.name),
                            name_of(sink.end.kind), sink.bytes, name_of(sink.method));
        if (sink.missed != 0) text += fmt::format(", {} missed", sink.missed);
        if (sink.error) text += ": " + *sink.error;
        text += '\n';
    }
    for (const Demotion& each : transfer.demotions)
        text += fmt::format("    not {} but {}: {}\n", name_of(each.from), name_of(each.to),
                            cause(each.reason));
    if (transfer.error)
        text += fmt::format("    {}: {}\n", shown(transfer.source.name), *transfer.error);
    return text;
}

}  // namespace

TransferStats stats_of(const Endpoint& source, const Endpoint& sink, const TransferReport& report) {
    TransferStats stats;
    stats.source = {source.label, source.facts.kind};
    const bool sink_failed = report.error && report.error->side == Side::sink;
    stats.sinks.push_back({{sink.label, sink.facts.kind},
                           report.bytes,
                           0,
                           report.method,
                           sink_failed ? text_of(report.error) : std::nullopt});
    stats.bytes = report.taken;
    stats.elapsed = report.elapsed;
    stats.demotions = report.demotions;
    stats.calls = report.calls;
    stats.shorts = report.shorts;
    stats.try_laters = report.try_laters;
    if (!sink_failed) stats.error = text_of(report.error);
    return stats;
}

TransferStats stats_of(const Endpoint& source, const FanoutReport& report,
                       const std::vector<FanoutSink>& sinks) {
    TransferStats stats;
    stats.source = {source.label, source.facts.kind};
    stats.bytes = report.bytes;
    stats.elapsed = report.elapsed;
    stats.demotions = report.demotions;
    stats.calls = report.calls;
    stats.try_laters = report.try_laters;
    stats.error = text_of(report.error);
    for (std::size_t i = 0; i < report.sinks.size() && i < sinks.size(); ++i) {
        const SinkReport& told = report.sinks[i];
        stats.sinks.push_back({{told.label, sinks[i].end.facts.kind},
                               told.bytes,
                               told.missed,
                               main_method(told.bytes_by),
                               text_of(told.error)});
        stats.shorts += told.shorts;
        stats.demotions.insert(stats.demotions.end(), told.demotions.begin(), told.demotions.end());
    }
    return stats;
}

std::string stats_text(const RunStats& stats) {
    std::uint64_t calls = 0;
    std::uint64_t shorts = 0;
    std::uint64_t try_laters = 0;
    for (const TransferStats& each : stats.transfers) {
        calls += each.calls;
        shorts += each.shorts;
        try_laters += each.try_laters;
    }
    const double elapsed = seconds(stats.elapsed);
    std::string text = fmt::format(
        "{}: {}{} bytes ({}) in {:.3f} s, {}/s; CPU {:.3f} s; {} system calls, {} short writes, "
        "{} waits",
        stats.program, stats.running ? "so far " : "", stats.bytes,
        bytes_text(static_cast<double>(stats.bytes)), elapsed,
        bytes_text(elapsed > 0 ? static_cast<double>(stats.bytes) / elapsed : 0), stats.cpu_seconds,
        calls, shorts, try_laters);
    if (stats.stalled.count() != 0)
        text += fmt::format("; stalled {:.1f} s", seconds(stats.stalled));
    if (!stats.running) text += fmt::format("; exit status {}", stats.exit_status);
    text += '\n';
    for (const TransferStats& each : stats.transfers) text += text_of(each);
    if (stats.digest) text += fmt::format("  {} {}\n", stats.digest->algorithm, stats.digest->hex);
    return text;
}

std::string stats_json(const RunStats& stats) {
    Json transfers = Json::array();
    for (const TransferStats& each : stats.transfers) transfers.push_back(json_of(each));
    Json object{{"version", schema_version},
                {"program", stats.program},
                {"running", stats.running},
                {"bytes", stats.bytes},
                {"seconds", seconds(stats.elapsed)},
                {"cpu_seconds", stats.cpu_seconds},
                {"stall_seconds", seconds(stats.stalled)},
                {"transfers", transfers}};
    object["digest"] =
        stats.digest ? Json{{"algorithm", stats.digest->algorithm}, {"hex", stats.digest->hex}}
                     : Json();
    object["errors"] = stats.errors;
    object["exit_status"] = stats.running ? Json() : Json(stats.exit_status);
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace zc
