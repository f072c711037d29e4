// A session that has ended, for programs that read logs.
#include <nlohmann/json.hpp>

#include "relay/relay.hpp"
#include "report/log.hpp"

namespace zc {

std::string session_json(const SessionSummary& summary, const std::string& program, int process) {
    using Json = nlohmann::ordered_json;
    const auto seconds = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double>(time).count();
    };
    Json methods = Json::object();
    for (std::size_t i = 0; i < summary.bytes_by.size(); ++i)
        if (summary.bytes_by[i] != 0)
            methods[name_of(static_cast<Method>(i))] = summary.bytes_by[i];
    Json errors = Json::array();
    for (const Error& error : summary.errors)
        errors.push_back(
            {{"kind", name_of(error.kind)}, {"subject", error.subject}, {"cause", cause(error)}});
    const Json object{{"time", utc_stamp(std::chrono::system_clock::now())},
                      {"program", program},
                      {"pid", process},
                      {"event", "session"},
                      {"left", summary.left},
                      {"right", summary.right},
                      {"bytes_left_to_right", summary.to_right.bytes},
                      {"bytes_right_to_left", summary.to_left.bytes},
                      {"seconds", seconds(summary.elapsed)},
                      {"connect_seconds", seconds(summary.connect)},
                      {"methods", methods},
                      {"errors", errors}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace zc
