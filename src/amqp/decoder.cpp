#include <fmt/format.h>

#include <cstdlib>

#include "amqp/codec.h"
#include "amqp/rabbitmq_c.h"
#include "amqp/table_depth.h"
#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

Error protocol_error(std::string message) {
  return Error({.kind = ErrorKind::connection_lost,
                .message = std::move(message),
                .executed = Executed::maybe});
}

std::uint16_t read_16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

std::uint32_t read_32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_16(bytes, at)) << 16 | read_16(bytes, at + 2);
}

std::uint64_t read_64(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint64_t>(read_32(bytes, at)) << 32 | read_32(bytes, at + 4);
}

std::string to_string(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string() : std::string(static_cast<char*>(bytes.bytes), bytes.len);
}

// rabbitmq-c's amqp_bytes_t serves reading and writing alike; nothing here writes through it.
amqp_bytes_t to_bytes(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}

bool is_known(std::uint8_t frame_type) {
  return frame_type == 1 || frame_type == 2 || frame_type == 3 || frame_type == 8;
}

std::string table_text(const amqp_table_t& table, std::string_view key) {
  for (int i = 0; i < table.num_entries; ++i) {
    const amqp_table_entry_t& entry = table.entries[i];
    if (to_string(entry.key) == key && entry.value.kind == AMQP_FIELD_KIND_UTF8) {
      return to_string(entry.value.value.bytes);
    }
  }
  return {};
}

method::Start decode_start(const amqp_connection_start_t& start) {
  return {.version_major = start.version_major,
          .version_minor = start.version_minor,
          .mechanisms = to_string(start.mechanisms),
          .product = table_text(start.server_properties, "product"),
          .version = table_text(start.server_properties, "version")};
}

template <class Fields>
method::Close decode_close(const Fields& close, bool whole_connection) {
  return {.whole_connection = whole_connection,
          .reply_code = close.reply_code,
          .reply_text = to_string(close.reply_text),
          .class_id = close.class_id,
          .method_id = close.method_id};
}

Table to_table(const amqp_table_t& from);

/// "-1.05" from -105 and 2.
std::string decimal_text(const amqp_decimal_t& decimal) {
  const auto value = static_cast<std::int32_t>(decimal.value);
  std::string digits = fmt::format("{:0{}}", std::abs(std::int64_t{value}), decimal.decimals + 1);
  if (decimal.decimals > 0) {
    digits.insert(digits.size() - decimal.decimals, ".");
  }
  return (value < 0 ? "-" : "") + digits;
}

FieldValue to_value(const amqp_field_value_t& from) {
  const auto integer = [](auto number) {
    return FieldValue{.value = static_cast<std::int64_t>(number)};
  };
  switch (from.kind) {
    case AMQP_FIELD_KIND_BOOLEAN:
      return {.value = from.value.boolean != 0};
    case AMQP_FIELD_KIND_I8:
      return integer(from.value.i8);
    case AMQP_FIELD_KIND_U8:
      return integer(from.value.u8);
    case AMQP_FIELD_KIND_I16:
      return integer(from.value.i16);
    case AMQP_FIELD_KIND_U16:
      return integer(from.value.u16);
    case AMQP_FIELD_KIND_I32:
      return integer(from.value.i32);
    case AMQP_FIELD_KIND_U32:
      return integer(from.value.u32);
    case AMQP_FIELD_KIND_I64:
      return integer(from.value.i64);
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
      return from.value.u64 <= INT64_MAX ? integer(from.value.u64)
                                         : FieldValue{.value = fmt::format("{}", from.value.u64)};
    case AMQP_FIELD_KIND_F32:
      return {.value = double{from.value.f32}};
    case AMQP_FIELD_KIND_F64:
      return {.value = from.value.f64};
    case AMQP_FIELD_KIND_DECIMAL:
      return {.value = decimal_text(from.value.decimal)};
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
      return {.value = to_string(from.value.bytes)};
    case AMQP_FIELD_KIND_ARRAY: {
      Array items;
      for (int i = 0; i < from.value.array.num_entries; ++i) {
        items.push_back(to_value(from.value.array.entries[i]));
      }
      return {.value = std::move(items)};
    }
    case AMQP_FIELD_KIND_TABLE:
      return {.value = to_table(from.value.table)};
    default:
      return {};
  }
}

Table to_table(const amqp_table_t& from) {
  Table table;
  for (int i = 0; i < from.num_entries; ++i) {
    table.emplace_back(to_string(from.entries[i].key), to_value(from.entries[i].value));
  }
  return table;
}

template <class Fields>
const Fields& as(const void* decoded) {
  return *static_cast<const Fields*>(decoded);
}

/// Class connection and the end of a channel. Nothing for other methods.
std::optional<Method> to_connection_method(amqp_method_number_t id, const void* decoded) {
  switch (id) {
    case AMQP_CONNECTION_START_METHOD:
      return decode_start(as<amqp_connection_start_t>(decoded));
    case AMQP_CONNECTION_TUNE_METHOD: {
      const auto& tune = as<amqp_connection_tune_t>(decoded);
      return method::Tune{.channel_max = tune.channel_max,
                          .frame_max = tune.frame_max,
                          .heartbeat = tune.heartbeat};
    }
    case AMQP_CONNECTION_OPEN_OK_METHOD:
      return method::OpenOk{};
    case AMQP_CONNECTION_BLOCKED_METHOD:
      return method::ConnectionBlocked{
          .reason = to_string(as<amqp_connection_blocked_t>(decoded).reason)};
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      return method::ConnectionUnblocked{};
    case AMQP_CONNECTION_CLOSE_METHOD:
      return decode_close(as<amqp_connection_close_t>(decoded), true);
    case AMQP_CONNECTION_CLOSE_OK_METHOD:
      return method::ConnectionCloseOk{};
    case AMQP_CHANNEL_CLOSE_METHOD:
      return decode_close(as<amqp_channel_close_t>(decoded), false);
    case AMQP_CHANNEL_CLOSE_OK_METHOD:
      return method::ChannelCloseOk{};
    default:
      return std::nullopt;
  }
}

Method to_method(amqp_method_number_t id, const void* decoded) {
  if (std::optional<Method> method = to_connection_method(id, decoded)) {
    return std::move(*method);
  }
  switch (id) {
    case AMQP_CHANNEL_OPEN_OK_METHOD:
    case AMQP_CONFIRM_SELECT_OK_METHOD:
    case AMQP_EXCHANGE_DECLARE_OK_METHOD:
    case AMQP_QUEUE_BIND_OK_METHOD:
    case AMQP_QUEUE_UNBIND_OK_METHOD:
    case AMQP_QUEUE_DELETE_OK_METHOD:
    case AMQP_BASIC_QOS_OK_METHOD:
    case AMQP_BASIC_CONSUME_OK_METHOD:
    case AMQP_BASIC_CANCEL_OK_METHOD:
      return method::Granted{};
    case AMQP_QUEUE_DECLARE_OK_METHOD: {
      const auto& ok = as<amqp_queue_declare_ok_t>(decoded);
      return method::QueueDeclareOk{.queue = to_string(ok.queue),
                                    .message_count = ok.message_count,
                                    .consumer_count = ok.consumer_count};
    }
    case AMQP_BASIC_CANCEL_METHOD:
      return method::Cancel{.consumer_tag =
                                to_string(as<amqp_basic_cancel_t>(decoded).consumer_tag)};
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = as<amqp_basic_deliver_t>(decoded);
      return method::Deliver{.exchange = to_string(deliver.exchange),
                             .routing_key = to_string(deliver.routing_key),
                             .delivery_tag = deliver.delivery_tag,
                             .redelivered = deliver.redelivered != 0};
    }
    case AMQP_BASIC_RETURN_METHOD: {
      const auto& back = as<amqp_basic_return_t>(decoded);
      return method::Return{.reply_code = back.reply_code,
                            .reply_text = to_string(back.reply_text),
                            .exchange = to_string(back.exchange),
                            .routing_key = to_string(back.routing_key)};
    }
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = as<amqp_basic_ack_t>(decoded);
      return Confirmed{.delivery_tag = ack.delivery_tag, .multiple = ack.multiple != 0};
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = as<amqp_basic_nack_t>(decoded);
      return Confirmed{
          .delivery_tag = nack.delivery_tag, .multiple = nack.multiple != 0, .accepted = false};
    }
    default:
      throw protocol_error(fmt::format("the broker sent method {}.{}, which is not for a client",
                                       id >> 16, id & 0xffff));
  }
}

}  // namespace

std::optional<Frame> take_frame(std::string_view& bytes, std::size_t frame_max) {
  if (bytes.size() < 7) {
    return std::nullopt;
  }
  const auto type = static_cast<std::uint8_t>(bytes[0]);
  const std::size_t size = read_32(bytes, 3);
  if (!is_known(type)) {
    throw protocol_error(fmt::format("the broker sent a frame of unknown type {}", type));
  }
  if (size > frame_max - frame_overhead) {
    throw protocol_error(
        fmt::format("the broker sent a frame of {} bytes, over the agreed {}", size, frame_max));
  }
  if (bytes.size() < size + frame_overhead) {
    return std::nullopt;
  }
  if (static_cast<std::uint8_t>(bytes[7 + size]) != AMQP_FRAME_END) {
    throw protocol_error("the broker sent a frame without its end mark");
  }
  const Frame frame = {.type = static_cast<FrameType>(type),
                       .channel = read_16(bytes, 1),
                       .payload = bytes.substr(7, size)};
  bytes.remove_prefix(size + frame_overhead);
  return frame;
}

struct Decoder::Pool {
  Pool() { init_amqp_pool(&pool, 4096); }
  ~Pool() { empty_amqp_pool(&pool); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  amqp_pool_t pool = {};
};

Decoder::Decoder(Headers headers) : pool_(std::make_unique<Pool>()), headers_(headers) {}
Decoder::~Decoder() = default;

Method Decoder::method(std::string_view payload) {
  if (payload.size() < 4) {
    throw protocol_error("the broker sent a method frame that is too short");
  }
  const amqp_method_number_t id = read_32(payload, 0);
  std::string_view fields = payload.substr(4);
  if (id == AMQP_CONNECTION_START_METHOD &&
      !table_depth_within(fields.substr(std::min<std::size_t>(2, fields.size())),
                          table_depth_max)) {
    throw protocol_error("the broker's greeting is nested too deep or malformed");
  }
  recycle_amqp_pool(&pool_->pool);
  void* decoded = nullptr;
  if (amqp_decode_method(id, &pool_->pool, to_bytes(fields), &decoded) < 0) {
    throw protocol_error(fmt::format("the broker sent method {}.{}, which is malformed or unknown",
                                     id >> 16, id & 0xffff));
  }
  return to_method(id, decoded);
}

ContentHeader Decoder::content_header(std::string_view payload) {
  constexpr std::size_t fixed_size = 12;  // class 2, weight 2, body size 8
  if (payload.size() < fixed_size + 2 || read_16(payload, 0) != AMQP_BASIC_CLASS) {
    throw protocol_error("the broker sent a content header that is not of class basic");
  }
  const std::string_view encoded = payload.substr(fixed_size);
  if (!header_table_depth_within(encoded, table_depth_max)) {
    throw protocol_error("the broker sent a message with headers nested too deep or malformed");
  }
  recycle_amqp_pool(&pool_->pool);
  void* decoded = nullptr;
  if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool_->pool, to_bytes(encoded), &decoded) < 0) {
    throw protocol_error("the broker sent a malformed content header");
  }
  const auto& properties = as<amqp_basic_properties_t>(decoded);
  const auto text = [&properties](amqp_flags_t flag, amqp_bytes_t bytes) {
    return (properties._flags & flag) != 0 ? to_string(bytes) : std::string();
  };
  const bool keeps_headers =
      headers_ == Headers::keep && (properties._flags & AMQP_BASIC_HEADERS_FLAG) != 0;
  return {
      .body_size = read_64(payload, 4),
      .properties = {
          .content_type = text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type),
          .content_encoding = text(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.content_encoding),
          .headers = keeps_headers ? to_table(properties.headers) : Table(),
          .correlation_id = text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id),
          .reply_to = text(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to)}};
}

}  // namespace miko::amqp
