#include "cli/tap_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/value_line.h"

namespace miko::cli {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

constexpr std::size_t outcome_columns_max = 24;

long milliseconds_of(SystemTime at) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
  return since_epoch.count() % 1000;
}

std::string utc_text(SystemTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts = {};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, milliseconds_of(at));
}

std::string local_time_text(SystemTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts = {};
  ::localtime_r(&seconds, &parts);
  return fmt::format("{:%H:%M:%S}.{:03}", parts, milliseconds_of(at));
}

/// Four characters and a unit: "1.23 ms", "12.3 ms", "1.23 s".
std::string latency_text(Clock::duration latency) {
  const double seconds = std::chrono::duration<double>(latency).count();
  const double value = seconds < 1 ? seconds * 1e3 : seconds;
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, digits, seconds < 1 ? "ms" : "s");
}

/// A checked value on one line, "é" as itself. A long one that will be shortened anyway is cut as
/// it came.
std::string value_text(std::string_view json, Values values) {
  if (values == Values::shortened && json.size() > short_value_max) {
    return printable(json.substr(0, short_value_max)) + "...";
  }
  return value_line(json);
}

/// A value of a line of JSON, or null and a note in `omitted`.
void write_value(JsonWriter& json, std::string_view key, std::string_view value, Values values,
                 JsonWriter& omitted) {
  json.key(key);
  if (value.empty()) {
    json.null();
  } else if (values == Values::shortened && value.size() > short_value_max) {
    json.null();
    omitted.key(key).integer(static_cast<long long>(value.size()));
  } else {
    json.raw(json_format(value, JsonLayout::compact));
  }
}

std::string outcome_word(const Exchange& exchange) {
  if (exchange.reply.ok()) {
    return "ok";
  }
  if (!exchange.answered) {
    return "no reply";
  }
  if (!exchange.reply.remote) {
    return "bad reply";
  }
  const std::string type = printable(exchange.reply.remote->exc_type);
  return type.empty() ? "exception" : fitted(type, outcome_columns_max);
}

std::string_view outcome_colour(const Exchange& exchange) {
  return exchange.reply.ok() ? "\x1b[32m" : exchange.answered ? "\x1b[31m" : "\x1b[33m";
}

/// Shortens the two texts so that they fit into `room` columns together; what the shorter one
/// leaves goes to the other.
void share_room(std::string& first, std::string& second, std::size_t room) {
  const std::size_t half = room / 2;
  const std::size_t first_columns = columns(first);
  const std::size_t second_columns = columns(second);
  if (first_columns + second_columns <= room) {
    return;
  }
  const std::size_t for_first =
      second_columns <= half ? room - second_columns : std::min(first_columns, half);
  first = fitted(first, for_first);
  second = fitted(second, room - std::min(room, columns(first)));
}

}  // namespace

std::size_t outcome_columns(const Exchange& exchange) {
  return columns(outcome_word(exchange));
}

std::string arguments_text(const Exchange& exchange, Values values) {
  if (!exchange.request_fault.empty()) {
    return exchange.request_fault;
  }
  std::string text;
  const auto append = [&text](std::string_view one) {
    text += text.empty() ? "" : ", ";
    text += one;
  };
  if (!exchange.args.empty() && json_type(exchange.args) == JsonType::array) {
    for (const JsonMember& item : json_members(exchange.args)) {
      append(value_text(item.value, values));
    }
  } else if (!exchange.args.empty()) {
    append(fmt::format("*{}", value_text(exchange.args, values)));
  }
  if (!exchange.kwargs.empty() && json_type(exchange.kwargs) == JsonType::object) {
    for (const JsonMember& member : json_members(exchange.kwargs)) {
      append(fmt::format("{}={}", printable(json_decode_string(member.key)),
                         value_text(member.value, values)));
    }
  } else if (!exchange.kwargs.empty()) {
    append(fmt::format("**{}", value_text(exchange.kwargs, values)));
  }
  return text;
}

std::string outcome_text(const Exchange& exchange, Values values) {
  if (exchange.reply.ok()) {
    return value_text(exchange.reply.result, values);
  }
  return exchange.reply.remote ? printable(exchange.reply.remote->value)
                               : exchange.reply.failure->message;
}

std::string exchange_json(const Exchange& exchange, SystemTime at, Values values) {
  const Reply& reply = exchange.reply;
  JsonWriter omitted;
  omitted.begin_object();
  JsonWriter json;
  json.begin_object();
  json.key("at").text(utc_text(at));
  json.key("service").text(exchange.service);
  json.key("method").text(exchange.method);
  write_value(json, "args", exchange.args, values, omitted);
  write_value(json, "kwargs", exchange.kwargs, values, omitted);
  json.key("ok").boolean(reply.ok());
  write_value(json, "result", reply.result, values, omitted);
  json.key("error");
  if (reply.ok()) {
    json.null();
  } else {
    json.raw(error_json(*reply.failure, {.service = exchange.service, .method = exchange.method},
                        reply.remote ? &*reply.remote : nullptr));
  }
  json.key("latency_ms");
  if (exchange.answered) {
    const std::chrono::duration<double, std::milli> latency = reply.elapsed;
    json.raw(fmt::format("{:.3f}", latency.count()));
  } else {
    json.null();
  }
  const std::vector<std::string>& stack = exchange.call_id_stack;
  json.key("correlation_id").text_or_null(reply.correlation_id);
  json.key("call_id").text_or_null(exchange.call_id);
  json.key("parent").text_or_null(stack.empty() ? "" : std::string_view(stack.back()));
  json.key("origin").text_or_null(stack.empty() ? "" : std::string_view(stack.front()));
  if (!exchange.request_fault.empty()) {
    json.key("unreadable").text(exchange.request_fault);
  }
  omitted.end_object();
  if (const std::string sizes = omitted.str(); sizes != "{}") {
    json.key("omitted").raw(sizes);
  }
  json.end_object();
  return json.str();
}

std::string exchange_line(const Exchange& exchange, SystemTime at, const LineLayout& layout) {
  const std::string time = local_time_text(at);
  const std::string latency = exchange.answered ? latency_text(exchange.reply.elapsed) : "-";
  const std::string outcome = outcome_word(exchange);
  const std::string name = std::string(layout.indent, ' ') + printable(exchange.service) + "." +
                           printable(exchange.method);
  const Values values = layout.width ? Values::shortened : Values::whole;
  std::string arguments = arguments_text(exchange, values);
  std::string result = outcome_text(exchange, values);
  const std::size_t padding =
      layout.outcome_columns - std::min(layout.outcome_columns, columns(outcome));
  const std::size_t before = time.size() + 1 + std::max<std::size_t>(latency.size(), 8) + 2 +
                             columns(outcome) + padding + 1;
  std::string call;
  if (layout.width) {
    const std::size_t room = *layout.width - std::min(*layout.width, before);
    constexpr std::string_view between = "() -> ";
    share_room(arguments, result, room - std::min(room, columns(name) + between.size()));
    call = fitted(fmt::format("{}({}) -> {}", name, arguments, result), room);
  } else {
    call = fmt::format("{}({}) -> {}", name, arguments, result);
  }
  if (!layout.colour) {
    return fmt::format("{} {:>8}  {}{:{}} {}", time, latency, outcome, "", padding, call);
  }
  return fmt::format("\x1b[2m{}\x1b[0m {:>8}  {}{}\x1b[0m{:{}} {}", time, latency,
                     outcome_colour(exchange), outcome, "", padding, call);
}

}  // namespace miko::cli
