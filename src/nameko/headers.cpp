#include "nameko/headers.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_writer.h"

namespace miko::nameko {
namespace {

void write_table(JsonWriter& json, const amqp::Table& table);

std::string number_text(double number) {
  if (std::isnan(number)) {
    return "NaN";
  }
  if (std::isinf(number)) {
    return number < 0 ? "-Infinity" : "Infinity";
  }
  std::string text = fmt::format("{}", number);
  // Python tells 1.0 from 1.
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

void write_field(JsonWriter& json, const amqp::FieldValue& field) {
  if (const auto* boolean = std::get_if<bool>(&field.value)) {
    json.boolean(*boolean);
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    json.integer(*integer);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    json.raw(number_text(*number));
  } else if (const auto* text = std::get_if<std::string>(&field.value)) {
    json.text(*text);
  } else if (const auto* items = std::get_if<amqp::Array>(&field.value)) {
    json.begin_array();
    for (const amqp::FieldValue& item : *items) {
      write_field(json, item);
    }
    json.end_array();
  } else if (const auto* table = std::get_if<amqp::Table>(&field.value)) {
    write_table(json, *table);
  } else {
    json.null();
  }
}

void write_table(JsonWriter& json, const amqp::Table& table) {
  json.begin_object();
  for (const auto& [key, value] : table) {
    json.key(key);
    write_field(json, value);
  }
  json.end_object();
}

}  // namespace

std::string headers_json(const amqp::Table& headers) {
  JsonWriter json;
  write_table(json, headers);
  return json.str();
}

}  // namespace miko::nameko
