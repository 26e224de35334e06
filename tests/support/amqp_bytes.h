#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace miko::test {

/// Number of an AMQP class and of a method in it.
struct MethodId {
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;

  friend bool operator==(const MethodId&, const MethodId&) = default;
};

/// AMQP 0-9-1's primitive types, written by hand: the tests must not trust the library that miko
/// uses, and must be able to lie.
class Bytes {
 public:
  Bytes& u8(std::uint64_t value) { return number(value, 1); }
  Bytes& u16(std::uint64_t value) { return number(value, 2); }
  Bytes& u32(std::uint64_t value) { return number(value, 4); }
  Bytes& u64(std::uint64_t value) { return number(value, 8); }
  Bytes& short_string(std::string_view text);
  Bytes& long_string(std::string_view text);
  /// `fields` made by the field_...() functions.
  Bytes& table(const Bytes& fields = Bytes()) { return long_string(fields.data_); }
  Bytes& field_text(std::string_view name, std::string_view value);
  Bytes& field_true(std::string_view name);
  Bytes& field_table(std::string_view name, const Bytes& fields);
  Bytes& raw(std::string_view bytes);

  [[nodiscard]] const std::string& str() const { return data_; }

 private:
  Bytes& number(std::uint64_t value, int size);

  std::string data_;
};

/// Takes AMQP values off the front of a byte string; throws std::runtime_error at its end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string short_string() { return std::string(take(u8())); }
  std::string long_string() { return std::string(take(u32())); }
  /// A table as compact JSON, in wire order, with the AMQP type where JSON has several:
  /// {"a":"text","n":{"I":7},"b":true,"list":["x"],"none":null}.
  std::string table();
  [[nodiscard]] std::string_view rest() const { return left_; }

 private:
  std::uint64_t number(std::size_t size);
  std::string_view take(std::size_t size);
  std::string value();
  std::string array();

  std::string_view left_;
};

enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

/// A whole frame, with its end octet.
std::string frame(FrameType type, unsigned channel, std::string_view payload);
std::string method_frame(unsigned channel, MethodId method, const Bytes& arguments = Bytes());

/// Properties of class basic (60). A member that is absent on the wire is nullopt.
struct Properties {
  std::optional<std::string> content_type = std::nullopt;
  std::optional<std::string> content_encoding = std::nullopt;
  /// As ByteReader::table() shows them. Not encoded by encode(): use raw_headers for that.
  std::optional<std::string> headers = std::nullopt;
  std::optional<Bytes> raw_headers = std::nullopt;
  std::optional<int> delivery_mode = std::nullopt;
  std::optional<int> priority = std::nullopt;
  std::optional<std::string> correlation_id = std::nullopt;
  std::optional<std::string> reply_to = std::nullopt;
  std::optional<std::string> expiration = std::nullopt;
  std::optional<std::string> message_id = std::nullopt;
  std::optional<std::uint64_t> timestamp = std::nullopt;
  std::optional<std::string> type = std::nullopt;
  std::optional<std::string> user_id = std::nullopt;
  std::optional<std::string> app_id = std::nullopt;
};

/// Property flags and values, as they follow the body size in a content header.
std::string encode(const Properties& properties);
Properties decode_properties(std::string_view bytes);

}  // namespace miko::test
