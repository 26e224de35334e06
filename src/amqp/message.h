#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace miko::amqp {

struct FieldValue;

/// A field table in the order of its entries.
using Table = std::vector<std::pair<std::string, FieldValue>>;
using Array = std::vector<FieldValue>;

/// A value in a header table: the types Nameko's Python reads without surprises. std::monostate is
/// AMQP's void. Integers are sent as 32 bits where they fit and as 64 bits otherwise. Of received
/// values a timestamp is an integer, a decimal its digits as text, bytes a text of any bytes.
struct FieldValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Table> value = {};
};

/// Properties of a message. An empty string or table means: not sent.
struct Properties {
  std::string content_type = {};
  std::string content_encoding = {};
  Table headers = {};
  std::optional<std::uint8_t> delivery_mode = std::nullopt;
  std::optional<std::uint8_t> priority = std::nullopt;
  std::string correlation_id = {};
  std::string reply_to = {};
  std::string expiration = {};  ///< milliseconds in decimal
};

/// Something to publish.
struct Message {
  std::string exchange = {};
  std::string routing_key = {};
  bool mandatory = true;
  Properties properties = {};
  std::string body = {};
};

/// A message the broker brought to our queue. Its headers are kept only where somebody wants them.
struct Delivery {
  std::string exchange = {};
  std::string routing_key = {};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  Properties properties = {};
  std::string body = {};
  /// The body was over the limit and was read past, not kept.
  bool too_large = false;
  std::uint64_t announced_size = 0;
};

/// A mandatory message that no queue wanted.
struct Returned {
  std::uint16_t reply_code = 0;
  std::string reply_text = {};
  std::string exchange = {};
  std::string routing_key = {};
  Properties properties = {};
};

/// The broker's word on published messages, by publish sequence number (from 1).
struct Confirmed {
  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  bool accepted = true;
};

}  // namespace miko::amqp
