#include "cli/event_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace miko::cli {
namespace {

struct Instant {
  std::time_t second = 0;
  int millisecond = 0;
};

Instant instant_of(std::chrono::system_clock::time_point at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(at - second);
  return {.second = std::chrono::system_clock::to_time_t(second),
          .millisecond = static_cast<int>(rest.count())};
}

/// A body that may be anything, on one line and not too long for eyes.
std::string shown_body(const Event& event) {
  constexpr std::size_t shown_max = 200;
  return event.body.empty()
             ? event.fault
             : fmt::format("{}: {}", event.fault, printable(shortened(event.body, shown_max)));
}

}  // namespace

std::string event_json(const Event& event, std::chrono::system_clock::time_point at) {
  const Instant instant = instant_of(at);
  JsonWriter json;
  json.begin_object();
  json.key("service").text(event.service);
  json.key("event").text(event.type);
  json.key("data").raw(json_format(event.data, JsonLayout::compact));
  json.key("headers").raw(event.headers);
  json.key("at").text(
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(instant.second), instant.millisecond));
  if (event.redelivered) {
    json.key("redelivered").boolean(true);
  }
  if (!event.fault.empty()) {
    json.key("error").text(event.fault);
    json.key("body").text(event.body);
  }
  json.end_object();
  return json.str();
}

std::string event_text(const Event& event, std::chrono::system_clock::time_point at, bool colour) {
  const Instant instant = instant_of(at);
  const auto with = [colour](std::string_view code, const std::string& text) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  };
  const std::string time =
      fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(instant.second), instant.millisecond);
  const std::string name = printable(fmt::format("{}.{}", event.service, event.type));
  const std::string again = event.redelivered ? with("33", "again  ") : "";
  const std::string data = event.fault.empty() ? json_format(event.data, JsonLayout::compact)
                                               : with("31", shown_body(event));
  return fmt::format("{}  {}  {}{}", with("2", time), with("1", name), again, data);
}

}  // namespace miko::cli
