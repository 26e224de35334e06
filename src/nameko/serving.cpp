#include "nameko/serving.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/json_scanner.h"
#include "base/text.h"
#include "nameko/headers.h"

namespace miko::nameko {
namespace {

// Nameko's own responder sends these. Source: Nameko 2.14.1, captured on the wire.
constexpr std::string_view json_content_type = "application/json";
constexpr std::string_view utf8_encoding = "utf-8";
constexpr std::uint8_t persistent = 2;
constexpr std::uint8_t normal_priority = 0;

constexpr std::string_view stack_header = "nameko.call_id_stack";

/// A string token as Python's json writes it: ASCII only.
std::string python_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::optional<CodePoint> code = decode_utf8(text);
    const std::uint32_t value = code ? code->value : 0xfffd;
    const bool plain = value >= 0x20 && value < 0x80 && value != '"' && value != '\\';
    if (value == '\b' || value == '\f') {
      out += value == '\b' ? "\\b" : "\\f";
    } else if (plain) {
      out += static_cast<char>(value);
    } else if (value < 0x10000) {
      append_json_escape(out, value);
    } else {
      append_json_escape(out, 0xd800 + ((value - 0x10000) >> 10));
      append_json_escape(out, 0xdc00 + ((value - 0x10000) & 0x3ff));
    }
    text.remove_prefix(code ? code->bytes : 1);
  }
  out += '"';
  return out;
}

Response raised_by_python(std::string_view text) {
  return raised("builtins.TypeError", text);
}

bool is_utf8(std::string_view encoding) {
  return encoding.empty() || encoding == "utf-8" || encoding == "UTF-8" || encoding == "utf8" ||
         encoding == "us-ascii" || encoding == "ascii" || encoding == "binary";
}

/// A stack that Nameko cannot append to or join. A text it takes apart without harm.
bool kills_by_stack(const amqp::FieldValue& stack) {
  const auto* const items = std::get_if<amqp::Array>(&stack.value);
  if (items == nullptr) {
    return !std::holds_alternative<std::string>(stack.value);
  }
  return !std::all_of(items->begin(), items->end(), [](const amqp::FieldValue& item) {
    return std::holds_alternative<std::string>(item.value);
  });
}

/// Why a message is passed over; empty if it may be a request.
std::string fault(const amqp::Delivery& delivery) {
  const amqp::Properties& properties = delivery.properties;
  if (properties.reply_to.empty()) {
    return "it has no reply_to";
  }
  if (properties.content_type.empty()) {
    return "it has no content type";
  }
  if (properties.content_type != json_content_type) {
    return fmt::format("its content type is '{}'",
                       printable(shortened(properties.content_type, 60)));
  }
  if (!is_utf8(properties.content_encoding)) {
    return fmt::format("its encoding is '{}'",
                       printable(shortened(properties.content_encoding, 60)));
  }
  for (const auto& [key, value] : properties.headers) {
    if (key == "compression") {
      return "its body is compressed";
    }
    if (key == stack_header && kills_by_stack(value)) {
      return "its call id stack is not a list of strings";
    }
  }
  if (delivery.body.empty() || delivery.too_large) {
    return {};
  }
  if (const auto json_fault = find_json_fault(delivery.body, JsonDialect::python)) {
    return fmt::format("its body is not JSON: {} at byte {}", json_fault->what, json_fault->offset);
  }
  return {};
}

/// Python's name for the type of a JSON value.
std::string_view python_type(std::string_view value) {
  switch (json_type(value)) {
    case JsonType::null:
      return "NoneType";
    case JsonType::boolean:
      return "bool";
    case JsonType::number:
      return value.find_first_of(".eENI") == std::string_view::npos ? "int" : "float";
    case JsonType::string:
      return "str";
    case JsonType::array:
      return "list";
    case JsonType::object:
      return "dict";
  }
  return "object";
}

/// What Python says when a body that is no object is asked for its `args`.
Response no_object(std::string_view body) {
  switch (body.empty() ? JsonType::string : json_type(body)) {
    case JsonType::array:
      return raised_by_python("list indices must be integers or slices, not str");
    case JsonType::string:
      return raised_by_python("string indices must be integers, not 'str'");
    default:
      return raised_by_python(fmt::format("'{}' object is not subscriptable", python_type(body)));
  }
}

/// What Python iterates over: the keys of an object, the characters of a text.
std::optional<std::string> as_array(std::string_view args) {
  std::string array = "[";
  const auto add = [&array](std::string_view item) {
    array += array.size() > 1 ? ", " : "";
    array += item;
  };
  switch (json_type(args)) {
    case JsonType::array:
      return std::string(args);
    case JsonType::object:
      for (const JsonMember& member : json_members(args)) {
        add(member.key);
      }
      break;
    case JsonType::string: {
      const std::string text = json_decode_string(args);
      for (std::string_view rest = text; !rest.empty();) {
        const std::size_t bytes = decode_utf8(rest).value_or(CodePoint{.bytes = 1}).bytes;
        add(python_quote(rest.substr(0, bytes)));
        rest.remove_prefix(bytes);
      }
      break;
    }
    default:
      return std::nullopt;
  }
  return array + "]";
}

/// Takes args and kwargs out of a checked body; says what is wrong with them.
std::optional<Response> read_body(std::string_view body, Request& request) {
  if (body.empty() || json_type(body) != JsonType::object) {
    return no_object(body);
  }
  std::optional<std::string_view> args;
  std::optional<std::string_view> kwargs;
  for (const JsonMember& member : json_members(body)) {
    const std::string key = json_decode_string(member.key);
    if (key == "args") {
      args = member.value;
    } else if (key == "kwargs") {
      kwargs = member.value;
    }
  }
  if (!args || !kwargs) {
    return raised("nameko.exceptions.MalformedRequest", "Message missing `args` or `kwargs`");
  }
  std::optional<std::string> positional = as_array(*args);
  if (!positional) {
    return incorrect_signature(
        fmt::format("Value after * must be an iterable, not {}", python_type(*args)));
  }
  if (json_type(*kwargs) != JsonType::object) {
    return incorrect_signature(fmt::format(
        "inspect.getcallargs() argument after ** must be a mapping, not {}", python_type(*kwargs)));
  }
  request.args = std::move(*positional);
  request.kwargs = std::string(*kwargs);
  return std::nullopt;
}

std::string error_body(const RemoteError& error) {
  return fmt::format(
      R"({{"result": null, "error": {{"exc_type": {}, "exc_path": {}, "exc_args": {}, "value": {}}}}})",
      python_quote(error.exc_type), python_quote(error.exc_path), error.exc_args,
      python_quote(error.value));
}

std::string result_body(std::string result) {
  constexpr std::string_view head = R"({"result": )";
  constexpr std::string_view tail = R"(, "error": null})";
  result.reserve(head.size() + result.size() + tail.size());
  result.insert(0, head);
  result += tail;
  return result;
}

}  // namespace

Incoming decode_request(const ServerOptions& serving, const amqp::Delivery& delivery) {
  if (std::string why = fault(delivery); !why.empty()) {
    return Dropped{.why = std::move(why)};
  }
  const std::string_view key = delivery.routing_key;
  const std::size_t dot = key.rfind('.');
  const std::string_view method = dot == std::string_view::npos ? key : key.substr(dot + 1);
  Request request = {.service = serving.service,
                     .method = std::string(method),
                     .headers = headers_json(delivery.properties.headers),
                     .correlation_id = delivery.properties.correlation_id};
  const bool ours = dot != std::string_view::npos && key.substr(0, dot) == serving.service;
  if (!ours || (serving.has_method && !serving.has_method(method))) {
    Response response = method_not_found(method);
    return Refused{.request = std::move(request), .response = std::move(response)};
  }
  if (delivery.too_large) {
    return Refused{
        .request = std::move(request),
        .response = raised("miko.RequestTooLarge",
                           fmt::format("the request has {} bytes", delivery.announced_size))};
  }
  if (std::optional<Response> refusal = read_body(delivery.body, request)) {
    return Refused{.request = std::move(request), .response = std::move(*refusal)};
  }
  return request;
}

amqp::Message encode_response(std::string_view exchange, const amqp::Properties& request,
                              Response response) {
  return {.exchange = std::string(exchange),
          .routing_key = request.reply_to,
          .mandatory = false,
          .properties = {.content_type = std::string(json_content_type),
                         .content_encoding = std::string(utf8_encoding),
                         .delivery_mode = persistent,
                         .priority = normal_priority,
                         .correlation_id = request.correlation_id},
          .body = response.error ? error_body(*response.error)
                                 : result_body(std::move(response.result))};
}

}  // namespace miko::nameko

namespace miko {

Response raised(std::string_view path, std::string_view text) {
  const std::size_t dot = path.rfind('.');
  return {.error = RemoteError{
              .exc_type = std::string(dot == std::string_view::npos ? path : path.substr(dot + 1)),
              .exc_path = std::string(path),
              .exc_args = "[" + nameko::python_quote(text) + "]",
              .value = std::string(text)}};
}

Response method_not_found(std::string_view method) {
  return raised("nameko.exceptions.MethodNotFound", method);
}

Response incorrect_signature(std::string_view text) {
  return raised("nameko.exceptions.IncorrectSignature", text);
}

}  // namespace miko
