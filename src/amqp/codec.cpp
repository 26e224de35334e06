#include "amqp/codec.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <fmt/format.h>

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

template <class Fields>
const Fields& as(const void* decoded) {
  return *static_cast<const Fields*>(decoded);
}

Method to_method(amqp_method_number_t id, const void* decoded) {
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
    case AMQP_CHANNEL_OPEN_OK_METHOD:
    case AMQP_QUEUE_BIND_OK_METHOD:
    case AMQP_CONFIRM_SELECT_OK_METHOD:
      return method::Granted{};
    case AMQP_QUEUE_DECLARE_OK_METHOD: {
      const auto& ok = as<amqp_queue_declare_ok_t>(decoded);
      return method::QueueDeclareOk{.queue = to_string(ok.queue),
                                    .message_count = ok.message_count,
                                    .consumer_count = ok.consumer_count};
    }
    case AMQP_BASIC_CONSUME_OK_METHOD:
      return method::ConsumeOk{};
    case AMQP_BASIC_CANCEL_METHOD:
      return method::Cancel{.consumer_tag =
                                to_string(as<amqp_basic_cancel_t>(decoded).consumer_tag)};
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = as<amqp_basic_deliver_t>(decoded);
      return method::Deliver{.exchange = to_string(deliver.exchange),
                             .routing_key = to_string(deliver.routing_key),
                             .delivery_tag = deliver.delivery_tag};
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

/// Appends a frame whose payload `encode` writes: it gets room and returns the bytes it used, or
/// a negative number when the room was too small.
template <class Encode>
void append_frame(std::string& out, FrameType type, std::uint16_t channel, std::size_t payload_max,
                  const Encode& encode) {
  const std::size_t start = out.size();
  std::size_t room = 256;
  int used = -1;
  while (used < 0) {
    if (room > payload_max) {
      out.resize(start);
      throw usage_error("names or headers do not fit a frame of the AMQP connection");
    }
    out.resize(start + 7 + room);
    used = encode(amqp_bytes_t{.len = room, .bytes = out.data() + start + 7});
    room *= 4;
  }
  const auto size = static_cast<std::size_t>(used);
  out[start] = static_cast<char>(type);
  out[start + 1] = static_cast<char>(channel >> 8);
  out[start + 2] = static_cast<char>(channel & 0xff);
  for (std::size_t i = 0; i < 4; ++i) {
    out[start + 3 + i] = static_cast<char>(size >> (8 * (3 - i)) & 0xff);
  }
  out.resize(start + 7 + size);
  out += static_cast<char>(AMQP_FRAME_END);
}

constexpr std::size_t method_payload_max = 256 * 1024;

template <class Fields>
void append_method(std::string& out, std::uint16_t channel, amqp_method_number_t id,
                   Fields fields) {
  append_frame(out, FrameType::method, channel, method_payload_max, [&](amqp_bytes_t room) {
    auto* bytes = static_cast<std::uint8_t*>(room.bytes);
    bytes[0] = static_cast<std::uint8_t>(id >> 24);
    bytes[1] = static_cast<std::uint8_t>(id >> 16);
    bytes[2] = static_cast<std::uint8_t>(id >> 8);
    bytes[3] = static_cast<std::uint8_t>(id);
    const int used =
        amqp_encode_method(id, &fields, amqp_bytes_t{.len = room.len - 4, .bytes = bytes + 4});
    return used < 0 ? used : used + 4;
  });
}

/// A name AMQP carries as a short string: the library would cut it off at 255 bytes.
amqp_bytes_t short_string(std::string_view text) {
  if (text.size() > 255) {
    throw usage_error(fmt::format("'{}' has more than 255 bytes", printable(shortened(text, 40))));
  }
  return to_bytes(text);
}

/// Field tables in the form rabbitmq-c encodes, with the entries it points to.
class CTable {
 public:
  CTable() { init_amqp_pool(&pool_, 1024); }
  ~CTable() { empty_amqp_pool(&pool_); }
  CTable(const CTable&) = delete;
  CTable& operator=(const CTable&) = delete;

  amqp_table_t table(const Table& table) {
    amqp_table_t result = {.num_entries = static_cast<int>(table.size()),
                           .entries = allocate<amqp_table_entry_t>(table.size())};
    for (std::size_t i = 0; i < table.size(); ++i) {
      result.entries[i] = {.key = short_string(table[i].first), .value = value(table[i].second)};
    }
    return result;
  }

 private:
  amqp_field_value_t value(const FieldValue& from) {
    amqp_field_value_t to = {};
    to.kind = AMQP_FIELD_KIND_VOID;
    if (const auto* boolean = std::get_if<bool>(&from.value)) {
      to.kind = AMQP_FIELD_KIND_BOOLEAN;
      to.value.boolean = *boolean ? 1 : 0;
    } else if (const auto* integer = std::get_if<std::int64_t>(&from.value)) {
      const bool narrow = *integer >= INT32_MIN && *integer <= INT32_MAX;
      to.kind = narrow ? AMQP_FIELD_KIND_I32 : AMQP_FIELD_KIND_I64;
      if (narrow) {
        to.value.i32 = static_cast<std::int32_t>(*integer);
      } else {
        to.value.i64 = *integer;
      }
    } else if (const auto* number = std::get_if<double>(&from.value)) {
      to.kind = AMQP_FIELD_KIND_F64;
      to.value.f64 = *number;
    } else if (const auto* text = std::get_if<std::string>(&from.value)) {
      to.kind = AMQP_FIELD_KIND_UTF8;
      to.value.bytes = to_bytes(*text);
    } else if (const auto* items = std::get_if<Array>(&from.value)) {
      to.kind = AMQP_FIELD_KIND_ARRAY;
      to.value.array = {.num_entries = static_cast<int>(items->size()),
                        .entries = allocate<amqp_field_value_t>(items->size())};
      for (std::size_t i = 0; i < items->size(); ++i) {
        to.value.array.entries[i] = value((*items)[i]);
      }
    } else if (const auto* inner = std::get_if<Table>(&from.value)) {
      to.kind = AMQP_FIELD_KIND_TABLE;
      to.value.table = table(*inner);
    }
    return to;
  }

  template <class T>
  T* allocate(std::size_t count) {
    if (count == 0) {
      return nullptr;
    }
    void* memory = amqp_pool_alloc(&pool_, count * sizeof(T));
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    return static_cast<T*>(memory);
  }

  amqp_pool_t pool_ = {};
};

Table client_properties() {
  const auto text = [](std::string value) { return FieldValue{.value = std::move(value)}; };
  const FieldValue yes = {.value = true};
  return {{"product", text("miko")},
          {"version", text(MIKO_VERSION)},
          {"platform", text("C++")},
          {"capabilities", FieldValue{.value = Table{{"publisher_confirms", yes},
                                                     {"basic.nack", yes},
                                                     {"consumer_cancel_notify", yes},
                                                     {"connection.blocked", yes},
                                                     {"authentication_failure_close", yes}}}}};
}

/// What SASL calls the response. AMQPLAIN is a field table without its length.
std::string sasl_response(const StartOk& fields) {
  if (fields.mechanism == "EXTERNAL") {
    return {};
  }
  if (fields.mechanism == "AMQPLAIN") {
    CTable memory;
    amqp_table_t table = memory.table({{"LOGIN", FieldValue{.value = fields.user}},
                                       {"PASSWORD", FieldValue{.value = fields.password}}});
    std::string encoded(64 + fields.user.size() + fields.password.size(), '\0');
    std::size_t size = 0;
    amqp_encode_table(amqp_bytes_t{.len = encoded.size(), .bytes = encoded.data()}, &table, &size);
    return encoded.substr(4, size - 4);
  }
  return '\0' + fields.user + '\0' + fields.password;
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

Decoder::Decoder() : pool_(std::make_unique<Pool>()) {}
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
  return {
      .body_size = read_64(payload, 4),
      .properties = {
          .content_type = text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type),
          .content_encoding = text(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.content_encoding),
          .correlation_id = text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id),
          .reply_to = text(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to)}};
}

void append_start_ok(std::string& out, const StartOk& fields) {
  CTable memory;
  const std::string response = sasl_response(fields);
  append_method(out, 0, AMQP_CONNECTION_START_OK_METHOD,
                amqp_connection_start_ok_t{.client_properties = memory.table(client_properties()),
                                           .mechanism = short_string(fields.mechanism),
                                           .response = to_bytes(response),
                                           .locale = to_bytes("en_US")});
}

void append_tune_ok(std::string& out, const TuneOk& fields) {
  append_method(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD,
                amqp_connection_tune_ok_t{.channel_max = fields.channel_max,
                                          .frame_max = fields.frame_max,
                                          .heartbeat = fields.heartbeat});
}

void append_connection_open(std::string& out, std::string_view vhost) {
  append_method(
      out, 0, AMQP_CONNECTION_OPEN_METHOD,
      amqp_connection_open_t{.virtual_host = short_string(vhost), .capabilities = {}, .insist = 0});
}

void append_connection_close(std::string& out) {
  append_method(out, 0, AMQP_CONNECTION_CLOSE_METHOD,
                amqp_connection_close_t{.reply_code = AMQP_REPLY_SUCCESS,
                                        .reply_text = to_bytes("goodbye"),
                                        .class_id = 0,
                                        .method_id = 0});
}

void append_connection_close_ok(std::string& out) {
  append_method(out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t{});
}

void append_channel_open(std::string& out) {
  append_method(out, 1, AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t{.out_of_band = {}});
}

void append_channel_close_ok(std::string& out) {
  append_method(out, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t{});
}

void append_confirm_select(std::string& out) {
  append_method(out, 1, AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t{.nowait = 0});
}

void append_queue_declare(std::string& out, std::string_view queue) {
  append_method(out, 1, AMQP_QUEUE_DECLARE_METHOD,
                amqp_queue_declare_t{.ticket = 0,
                                     .queue = short_string(queue),
                                     .passive = 0,
                                     .durable = 0,
                                     .exclusive = 1,
                                     .auto_delete = 1,
                                     .nowait = 0,
                                     .arguments = {}});
}

void append_queue_bind(std::string& out, std::string_view queue, std::string_view exchange,
                       std::string_view routing_key) {
  append_method(out, 1, AMQP_QUEUE_BIND_METHOD,
                amqp_queue_bind_t{.ticket = 0,
                                  .queue = short_string(queue),
                                  .exchange = short_string(exchange),
                                  .routing_key = short_string(routing_key),
                                  .nowait = 0,
                                  .arguments = {}});
}

void append_consume(std::string& out, std::string_view queue) {
  append_method(out, 1, AMQP_BASIC_CONSUME_METHOD,
                amqp_basic_consume_t{.ticket = 0,
                                     .queue = short_string(queue),
                                     .consumer_tag = {},
                                     .no_local = 0,
                                     .no_ack = 1,
                                     .exclusive = 0,
                                     .nowait = 0,
                                     .arguments = {}});
}

void append_heartbeat(std::string& out) {
  out += std::string_view("\x08\0\0\0\0\0\0\xce", 8);
}

void append_publish(std::string& out, const Message& message, std::size_t frame_max) {
  append_method(out, 1, AMQP_BASIC_PUBLISH_METHOD,
                amqp_basic_publish_t{.ticket = 0,
                                     .exchange = short_string(message.exchange),
                                     .routing_key = short_string(message.routing_key),
                                     .mandatory = message.mandatory ? 1 : 0,
                                     .immediate = 0});
  const Properties& from = message.properties;
  amqp_basic_properties_t to = {};
  CTable memory;
  const auto set_text = [&to](amqp_flags_t flag, amqp_bytes_t& field, const std::string& text) {
    if (!text.empty()) {
      to._flags |= flag;
      field = short_string(text);
    }
  };
  set_text(AMQP_BASIC_CONTENT_TYPE_FLAG, to.content_type, from.content_type);
  set_text(AMQP_BASIC_CONTENT_ENCODING_FLAG, to.content_encoding, from.content_encoding);
  set_text(AMQP_BASIC_CORRELATION_ID_FLAG, to.correlation_id, from.correlation_id);
  set_text(AMQP_BASIC_REPLY_TO_FLAG, to.reply_to, from.reply_to);
  set_text(AMQP_BASIC_EXPIRATION_FLAG, to.expiration, from.expiration);
  if (!from.headers.empty()) {
    to._flags |= AMQP_BASIC_HEADERS_FLAG;
    to.headers = memory.table(from.headers);
  }
  if (from.delivery_mode) {
    to._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    to.delivery_mode = *from.delivery_mode;
  }
  if (from.priority) {
    to._flags |= AMQP_BASIC_PRIORITY_FLAG;
    to.priority = *from.priority;
  }
  append_frame(out, FrameType::header, 1, frame_max - frame_overhead, [&](amqp_bytes_t room) {
    auto* bytes = static_cast<std::uint8_t*>(room.bytes);
    const std::uint64_t size = message.body.size();
    std::fill_n(bytes, 12, std::uint8_t{0});
    bytes[1] = AMQP_BASIC_CLASS;
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[4 + i] = static_cast<std::uint8_t>(size >> (8 * (7 - i)));
    }
    const int used = amqp_encode_properties(
        AMQP_BASIC_CLASS, &to, amqp_bytes_t{.len = room.len - 12, .bytes = bytes + 12});
    return used < 0 ? used : used + 12;
  });
}

std::string rabbitmq_c_version() {
#ifdef MIKO_STATIC
  // The header and the archive are of one package; asking the library would link all of it.
  return AMQP_VERSION_STRING;
#else
  return amqp_version();
#endif
}

void append_body_frame(std::string& out, std::string_view piece) {
  out += static_cast<char>(FrameType::body);
  out += std::string_view("\0\x01", 2);
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(piece.size() >> shift & 0xff);
  }
  out += piece;
  out += static_cast<char>(AMQP_FRAME_END);
}

}  // namespace miko::amqp
