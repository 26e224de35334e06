#include "nameko/rpc.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "nameko/context.h"
#include "nameko/headers.h"
#include "nameko/names.h"

namespace miko::nameko {
namespace {

// Nameko's own publisher sends these. Source: Nameko 2.14.1, captured on the wire.
constexpr std::string_view json_content_type = "application/json";
constexpr std::string_view utf8_encoding = "utf-8";
constexpr std::uint8_t persistent = 2;
// A request that expires is not worth the broker's disk: its caller is gone when the broker comes
// back.
constexpr std::uint8_t transient = 1;
constexpr std::uint8_t normal_priority = 0;

void check_json(std::string_view what, std::string_view text, JsonType type) {
  const std::optional<JsonFault> fault = find_json_fault(text, JsonDialect::strict);
  if (fault || json_type(text) != type) {
    throw usage_error(fmt::format("{} is not a JSON {}{}{}", what,
                                  type == JsonType::array ? "array" : "object", fault ? ": " : "",
                                  fault ? fault->what : ""));
  }
}

Reply bad_reply(std::string message) {
  return {.failure = Failure{.kind = ErrorKind::bad_reply,
                             .message = std::move(message),
                             .executed = Executed::yes}};
}

/// As Python's `if error`.
bool is_true(std::string_view json) {
  switch (json_type(json)) {
    case JsonType::null:
      return false;
    case JsonType::boolean:
      return json == "true";
    case JsonType::string:
      return json != "\"\"";
    case JsonType::array:
    case JsonType::object:
      return !json_members(json).empty();
    case JsonType::number:
      // 0e5 is zero, whatever its exponent.
      return json.substr(0, json.find_first_of("eE")).find_first_of("123456789NI") !=
             std::string_view::npos;
  }
  return true;
}

std::string text_of(std::string_view value) {
  return json_type(value) == JsonType::string ? json_decode_string(value) : std::string();
}

RemoteError decode_error(std::string_view object) {
  RemoteError error = {.exc_args = "[]", .json = std::string(object)};
  // In order, so that the last of doubled keys wins, as with Python.
  for (const JsonMember& member : json_members(object)) {
    const std::string key = json_decode_string(member.key);
    if (key == "exc_type") {
      error.exc_type = text_of(member.value);
    } else if (key == "exc_path") {
      error.exc_path = text_of(member.value);
    } else if (key == "exc_args") {
      error.exc_args = std::string(member.value);
    } else if (key == "value") {
      error.value = text_of(member.value);
    }
  }
  return error;
}

bool first_argument_is(const RemoteError& error, std::string_view text) {
  if (json_type(error.exc_args) != JsonType::array) {
    return false;
  }
  const std::vector<JsonMember> args = json_members(error.exc_args);
  return !args.empty() && json_type(args[0].value) == JsonType::string &&
         json_decode_string(args[0].value) == text;
}

/// A service whose own inner call failed raises the same exceptions; only the name in them tells.
Failure classify(std::string_view service, std::string_view method, const RemoteError& error) {
  if (error.exc_path == "nameko.exceptions.MethodNotFound" && first_argument_is(error, method)) {
    return {.kind = ErrorKind::unknown_method,
            .message = fmt::format("service '{}' has no method '{}'", printable(service),
                                   printable(method)),
            .hint = "method names are case sensitive; the method needs @rpc in the service"};
  }
  if (error.exc_path == "nameko.exceptions.IncorrectSignature" &&
      error.value.starts_with(fmt::format("{}()", method))) {
    return {.kind = ErrorKind::bad_arguments,
            .message = fmt::format("{}.{} does not take these arguments: {}", printable(service),
                                   printable(method), printable(shortened(error.value, 300)))};
  }
  const std::string type = error.exc_type.empty() ? "an exception" : printable(error.exc_type);
  return {.kind = ErrorKind::remote_error,
          .message = fmt::format("{}.{} raised {}{}{}", printable(service), printable(method),
                                 shortened(type, 100), error.value.empty() ? "" : ": ",
                                 printable(shortened(error.value, 300))),
          .executed = Executed::yes};
}

bool is_utf8(std::string_view encoding) {
  return encoding.empty() || encoding == "utf-8" || encoding == "UTF-8" || encoding == "utf8" ||
         encoding == "us-ascii" || encoding == "ascii" || encoding == "binary";
}

/// Built around the larger of the two, so that it is not in memory twice.
std::string request_body(std::string args, std::string kwargs) {
  std::string head = R"({"args": )";
  const std::string_view middle = R"(, "kwargs": )";
  if (args.size() >= kwargs.size()) {
    args.reserve(head.size() + args.size() + middle.size() + kwargs.size() + 1);
    args.insert(0, head);
    args += middle;
    args += kwargs;
    args += '}';
    return args;
  }
  head += args;
  head += middle;
  kwargs.insert(0, head);
  kwargs += '}';
  return kwargs;
}

}  // namespace

std::string expiration(Clock::duration lifetime) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(lifetime).count();
  return std::to_string(std::max<decltype(milliseconds)>(milliseconds, 1));
}

amqp::Message encode_request(std::string_view exchange, std::string_view service,
                             std::string_view method, Arguments arguments, RequestIds ids,
                             Clock::duration lifetime) {
  check_json("args", arguments.args, JsonType::array);
  check_json("kwargs", arguments.kwargs, JsonType::object);
  std::string body =
      arguments.probe ? "{}" : request_body(std::move(arguments.args), std::move(arguments.kwargs));
  return {.exchange = std::string(exchange),
          .routing_key = rpc_routing_key(service, method),
          .properties = {.content_type = std::string(json_content_type),
                         .content_encoding = std::string(utf8_encoding),
                         .headers = request_headers(std::move(ids.call_id), arguments.context,
                                                    arguments.headers),
                         .delivery_mode = arguments.expires ? transient : persistent,
                         .priority = normal_priority,
                         .correlation_id = std::move(ids.correlation_id),
                         .reply_to = std::move(ids.reply_to),
                         .expiration = arguments.expires ? expiration(lifetime) : ""},
          .body = std::move(body)};
}

Reply decode_reply(std::string_view service, std::string_view method, amqp::Delivery&& delivery) {
  if (delivery.too_large) {
    Reply reply =
        bad_reply(fmt::format("the reply of {} bytes is over the limit", delivery.announced_size));
    reply.failure->hint = "--max-reply-size raises the limit";
    return reply;
  }
  if (!delivery.properties.content_type.empty() &&
      delivery.properties.content_type != json_content_type) {
    return bad_reply(fmt::format("the reply is of type '{}', not application/json",
                                 printable(shortened(delivery.properties.content_type, 60))));
  }
  if (!is_utf8(delivery.properties.content_encoding)) {
    return bad_reply(fmt::format("the reply is encoded in '{}', not utf-8",
                                 printable(shortened(delivery.properties.content_encoding, 60))));
  }
  std::string& body = delivery.body;
  std::array picks = {JsonPick{.name = "result"}, JsonPick{.name = "error"}};
  if (const auto fault = pick_json_members(body, JsonDialect::python, picks)) {
    return bad_reply(fmt::format("the reply is not JSON: {} at byte {}: '{}'", fault->what,
                                 fault->offset, printable(shortened(body, 60))));
  }
  if (json_type(body) != JsonType::object) {
    return bad_reply(
        fmt::format("the reply is not an object: '{}'", printable(shortened(body, 60))));
  }
  const std::optional<std::string_view> result = picks[0].value;
  const std::optional<std::string_view> error = picks[1].value;
  if (error && is_true(*error)) {
    if (json_type(*error) != JsonType::object) {
      return bad_reply("the reply's error is not an object");
    }
    RemoteError remote = decode_error(*error);
    Failure failure = classify(service, method, remote);
    return {.failure = std::move(failure), .remote = std::move(remote)};
  }
  if (!result) {
    return bad_reply("the reply has no result");
  }
  // Cut in place: a large result is never held twice.
  const auto start = static_cast<std::size_t>(result->data() - body.data());
  body.erase(start + result->size());
  body.erase(0, start);
  return {.result = std::move(body)};
}

std::string describe(const amqp::Message& message) {
  const amqp::Properties& properties = message.properties;
  JsonWriter json;
  json.begin_object();
  json.key("exchange").text(message.exchange);
  json.key("routing_key").text(message.routing_key);
  json.key("mandatory").boolean(message.mandatory);
  json.key("properties").begin_object();
  json.key("content_type").text(properties.content_type);
  json.key("content_encoding").text(properties.content_encoding);
  json.key("headers").raw(headers_json(properties.headers));
  json.key("delivery_mode").integer(properties.delivery_mode.value_or(0));
  json.key("priority").integer(properties.priority.value_or(0));
  const std::pair<std::string_view, const std::string&> optional[] = {
      {"correlation_id", properties.correlation_id},
      {"reply_to", properties.reply_to},
      {"expiration", properties.expiration}};
  for (const auto& [key, value] : optional) {
    if (!value.empty()) {
      json.key(key).text(value);
    }
  }
  json.end_object();
  json.key("body").raw(message.body);
  json.end_object();
  return json.str();
}

}  // namespace miko::nameko
