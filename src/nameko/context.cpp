#include "nameko/context.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace miko::nameko {
namespace {

constexpr std::string_view prefix = "nameko.";

/// Headers and properties must fit one frame, which is 131072 bytes where nobody lowered it.
constexpr std::size_t headers_size_max = 100'000;
constexpr int nesting_max = 32;

amqp::FieldValue number_value(std::string_view key, std::string_view token) {
  const char* const end = token.data() + token.size();
  if (token.find_first_of(".eENI") == std::string_view::npos) {
    std::int64_t integer = 0;
    const auto [stop, error] = std::from_chars(token.data(), end, integer);
    // py-amqp reads 64 bit integers as unsigned.
    if (error != std::errc() || integer < std::numeric_limits<std::int32_t>::min()) {
      throw usage_error(fmt::format("header '{}': {} does not fit the integers of AMQP headers",
                                    printable(key), shortened(token, 40)),
                        "send it as a string");
    }
    return {.value = integer};
  }
  double number = 0;
  const auto [stop, error] = std::from_chars(token.data(), end, number);
  if (error != std::errc() || !std::isfinite(number)) {
    throw usage_error(fmt::format("header '{}': {} does not fit a number of AMQP headers",
                                  printable(key), shortened(token, 40)),
                      "send it as a string");
  }
  return {.value = number};
}

amqp::FieldValue field_value(std::string_view key, std::string_view json, int depth) {
  if (depth > nesting_max) {
    throw usage_error(fmt::format("header '{}' is nested too deep", printable(key)));
  }
  switch (json_type(json)) {
    case JsonType::null:
      return {};
    case JsonType::boolean:
      return {.value = json == "true"};
    case JsonType::number:
      return number_value(key, json);
    case JsonType::string:
      return {.value = json_decode_string(json)};
    case JsonType::array: {
      amqp::Array items;
      for (const JsonMember& item : json_members(json)) {
        items.push_back(field_value(key, item.value, depth + 1));
      }
      return {.value = std::move(items)};
    }
    case JsonType::object: {
      amqp::Table table;
      for (const JsonMember& member : json_members(json)) {
        table.emplace_back(json_decode_string(member.key),
                           field_value(key, member.value, depth + 1));
      }
      return {.value = std::move(table)};
    }
  }
  return {};
}

void check_key(std::string_view what, const std::string& key) {
  if (key.empty() || key.size() + prefix.size() > 128) {
    throw usage_error(fmt::format("{} names have 1 to {} bytes", what, 128 - prefix.size()));
  }
  const std::string_view bare =
      std::string_view(key).substr(key.starts_with(prefix) ? prefix.size() : 0);
  if (bare == "call_id_stack") {
    throw usage_error("the call id stack cannot be set", "miko sends one with every request");
  }
  if (key == "compression") {
    throw usage_error("the header 'compression' cannot be set",
                      "the body is not compressed, and the service would drop the request");
  }
}

void add_members(amqp::Table& table, std::string_view what, std::string_view object,
                 std::string_view key_prefix) {
  if (object == "{}") {
    return;
  }
  if (find_json_fault(object, JsonDialect::strict) || json_type(object) != JsonType::object) {
    throw usage_error(fmt::format("{} is not a JSON object", what));
  }
  for (const JsonMember& member : json_members(object)) {
    const std::string key = json_decode_string(member.key);
    check_key(what, key);
    if (json_type(member.value) != JsonType::null) {
      table.emplace_back(std::string(key_prefix) + key, field_value(key, member.value, 1));
    }
  }
}

}  // namespace

amqp::Table request_headers(std::string call_id, std::string_view context,
                            std::string_view headers) {
  amqp::Array stack;
  stack.push_back({.value = std::move(call_id)});
  amqp::Table table;
  table.emplace_back("nameko.call_id_stack", amqp::FieldValue{.value = std::move(stack)});
  for (auto& entry : message_headers(context, headers)) {
    table.push_back(std::move(entry));
  }
  return table;
}

amqp::Table message_headers(std::string_view context, std::string_view headers) {
  if (context.size() + headers.size() > headers_size_max) {
    throw usage_error(fmt::format("context and headers have more than {} bytes", headers_size_max));
  }
  amqp::Table table;
  add_members(table, "context", context, prefix);
  add_members(table, "header", headers, "");
  return table;
}

}  // namespace miko::nameko
