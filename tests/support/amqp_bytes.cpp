#include "support/amqp_bytes.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace miko::test {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20) {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// Text properties in wire order with their bit in the property flags; the others are special.
struct TextProperty {
  unsigned bit;
  std::optional<std::string> Properties::*member;
};

constexpr std::array<TextProperty, 2> before_headers = {{
    {15, &Properties::content_type},
    {14, &Properties::content_encoding},
}};
constexpr std::array<TextProperty, 4> after_priority = {{
    {10, &Properties::correlation_id},
    {9, &Properties::reply_to},
    {8, &Properties::expiration},
    {7, &Properties::message_id},
}};
constexpr std::array<TextProperty, 3> after_timestamp = {{
    {5, &Properties::type},
    {4, &Properties::user_id},
    {3, &Properties::app_id},
}};
constexpr unsigned headers_bit = 13;
constexpr unsigned delivery_mode_bit = 12;
constexpr unsigned priority_bit = 11;
constexpr unsigned timestamp_bit = 6;

/// Collects flags and values side by side.
class PropertyWriter {
 public:
  explicit PropertyWriter(const Properties& properties) : properties_(properties) {}

  template <std::size_t size>
  void texts(const std::array<TextProperty, size>& list) {
    for (const auto& [bit, member] : list) {
      if (const auto& text = properties_.*member) {
        flag(bit).short_string(*text);
      }
    }
  }
  Bytes& flag(unsigned bit) {
    flags_ |= 1U << bit;
    return values_;
  }
  [[nodiscard]] std::string result() const { return Bytes().u16(flags_).raw(values_.str()).str(); }

 private:
  const Properties& properties_;
  unsigned flags_ = 0;
  Bytes values_;
};

template <std::size_t size>
void read_texts(const std::array<TextProperty, size>& list, unsigned flags, ByteReader& reader,
                Properties& properties) {
  for (const auto& [bit, member] : list) {
    if ((flags >> bit & 1U) != 0) {
      properties.*member = reader.short_string();
    }
  }
}

}  // namespace

Bytes& Bytes::number(std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    data_ += static_cast<char>(value >> shift & 0xFFU);
  }
  return *this;
}

Bytes& Bytes::short_string(std::string_view text) {
  return u8(text.size()).raw(text);
}

Bytes& Bytes::long_string(std::string_view text) {
  return u32(text.size()).raw(text);
}

Bytes& Bytes::field_text(std::string_view name, std::string_view value) {
  return short_string(name).raw("S").long_string(value);
}

Bytes& Bytes::field_true(std::string_view name) {
  return short_string(name).raw("t").u8(1);
}

Bytes& Bytes::field_table(std::string_view name, const Bytes& fields) {
  return short_string(name).raw("F").table(fields);
}

Bytes& Bytes::raw(std::string_view bytes) {
  data_ += bytes;
  return *this;
}

std::uint64_t ByteReader::number(std::size_t size) {
  std::uint64_t result = 0;
  for (const char c : take(size)) {
    result = result << 8U | static_cast<unsigned char>(c);
  }
  return result;
}

std::string_view ByteReader::take(std::size_t size) {
  if (size > left_.size()) {
    throw std::runtime_error("a frame from the client ends in the middle of a value");
  }
  const std::string_view result = left_.substr(0, size);
  left_.remove_prefix(size);
  return result;
}

std::string ByteReader::table() {
  ByteReader fields(take(u32()));
  std::string result;
  while (!fields.left_.empty()) {
    result += result.empty() ? "{" : ",";
    result += quoted(fields.short_string());
    result += ":" + fields.value();
  }
  return result.empty() ? "{}" : result + "}";
}

std::string ByteReader::array() {
  ByteReader elements(take(u32()));
  std::string result;
  while (!elements.left_.empty()) {
    result += (result.empty() ? "[" : ",") + elements.value();
  }
  return result.empty() ? "[]" : result + "]";
}

std::string ByteReader::value() {
  const char type = static_cast<char>(u8());
  switch (type) {
    case 'S':
      return quoted(long_string());
    case 'F':
      return table();
    case 'A':
      return array();
    case 't':
      return u8() != 0 ? "true" : "false";
    case 'V':
      return "null";
    case 'b':
      return fmt::format("{{\"b\":{}}}", static_cast<std::int8_t>(u8()));
    case 's':
      return fmt::format("{{\"s\":{}}}", static_cast<std::int16_t>(u16()));
    case 'I':
      return fmt::format("{{\"I\":{}}}", static_cast<std::int32_t>(u32()));
    case 'l':
      return fmt::format("{{\"l\":{}}}", static_cast<std::int64_t>(u64()));
    case 'T':
      return fmt::format("{{\"T\":{}}}", u64());
    case 'd': {
      const std::uint64_t bits = u64();
      double number = 0;
      static_assert(sizeof bits == sizeof number);
      __builtin_memcpy(&number, &bits, sizeof number);
      return fmt::format("{{\"d\":{}}}", number);
    }
    default:
      throw std::runtime_error(fmt::format("field of type '{}' in a table", type));
  }
}

std::string frame(FrameType type, unsigned channel, std::string_view payload) {
  Bytes result;
  result.u8(static_cast<unsigned>(type)).u16(channel).long_string(payload).u8(0xCE);
  return result.str();
}

std::string method_frame(unsigned channel, MethodId method, const Bytes& arguments) {
  Bytes payload;
  payload.u16(method.class_id).u16(method.method_id).raw(arguments.str());
  return frame(FrameType::method, channel, payload.str());
}

std::string encode(const Properties& properties) {
  PropertyWriter writer(properties);
  writer.texts(before_headers);
  if (properties.raw_headers) {
    writer.flag(headers_bit).table(*properties.raw_headers);
  }
  if (properties.delivery_mode) {
    writer.flag(delivery_mode_bit).u8(static_cast<unsigned>(*properties.delivery_mode));
  }
  if (properties.priority) {
    writer.flag(priority_bit).u8(static_cast<unsigned>(*properties.priority));
  }
  writer.texts(after_priority);
  if (properties.timestamp) {
    writer.flag(timestamp_bit).u64(*properties.timestamp);
  }
  writer.texts(after_timestamp);
  return writer.result();
}

Properties decode_properties(std::string_view bytes) {
  ByteReader reader(bytes);
  const unsigned flags = reader.u16();
  const auto has = [flags](unsigned bit) { return (flags >> bit & 1U) != 0; };
  Properties result;
  read_texts(before_headers, flags, reader, result);
  if (has(headers_bit)) {
    result.headers = reader.table();
  }
  if (has(delivery_mode_bit)) {
    result.delivery_mode = reader.u8();
  }
  if (has(priority_bit)) {
    result.priority = reader.u8();
  }
  read_texts(after_priority, flags, reader, result);
  if (has(timestamp_bit)) {
    result.timestamp = reader.u64();
  }
  read_texts(after_timestamp, flags, reader, result);
  return result;
}

}  // namespace miko::test
