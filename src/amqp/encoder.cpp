#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include "amqp/codec.h"
#include "amqp/rabbitmq_c.h"
#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

// rabbitmq-c's amqp_bytes_t serves reading and writing alike; nothing here writes through it.
amqp_bytes_t to_bytes(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}

/// Appends a frame whose payload `encode` writes: it gets room and returns the bytes it used, or
/// a negative number when the room was too small.
template <class Encode>
void append_frame(std::string& out, FrameType type, std::uint16_t channel, std::size_t payload_max,
                  const Encode& encode) {
  const std::size_t start = out.size();
  std::size_t room = std::min<std::size_t>(256, payload_max);
  int used = -1;
  while (true) {
    out.resize(start + 7 + room);
    used = encode(amqp_bytes_t{.len = room, .bytes = out.data() + start + 7});
    if (used >= 0) {
      break;
    }
    if (room == payload_max) {
      out.resize(start);
      throw usage_error("names or headers do not fit a frame of the AMQP connection");
    }
    room = std::min(room * 4, payload_max);
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

constexpr std::size_t method_payload_max = 256UL * 1024;

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
  CTable() = default;
  ~CTable() = default;
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
    return static_cast<T*>(memory_.allocate(count * sizeof(T), alignof(T)));
  }

  std::array<std::byte, 1024> first_;  ///< enough for the headers of a usual request
  std::pmr::monotonic_buffer_resource memory_{first_.data(), first_.size()};
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
    // The C table points into this one.
    const Table login = {{"LOGIN", FieldValue{.value = fields.user}},
                         {"PASSWORD", FieldValue{.value = fields.password}}};
    amqp_table_t table = memory.table(login);
    std::string encoded(64 + fields.user.size() + fields.password.size(), '\0');
    std::size_t size = 0;
    amqp_encode_table(amqp_bytes_t{.len = encoded.size(), .bytes = encoded.data()}, &table, &size);
    return encoded.substr(4, size - 4);
  }
  return '\0' + fields.user + '\0' + fields.password;
}

amqp_boolean_t flag(bool value) {
  return value ? 1 : 0;
}

void append_one(std::string& out, std::uint16_t channel,
                const request::ConfirmSelect& /*no fields*/) {
  append_method(out, channel, AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t{.nowait = 0});
}

void append_one(std::string& out, std::uint16_t channel, const request::DeclareExchange& from) {
  append_method(out, channel, AMQP_EXCHANGE_DECLARE_METHOD,
                amqp_exchange_declare_t{.ticket = 0,
                                        .exchange = short_string(from.exchange),
                                        .type = short_string(from.type),
                                        .passive = flag(from.passive),
                                        .durable = flag(from.durable),
                                        .auto_delete = flag(from.auto_delete),
                                        .internal = 0,
                                        .nowait = 0,
                                        .arguments = {}});
}

void append_one(std::string& out, std::uint16_t channel, const request::DeclareQueue& from) {
  CTable memory;
  append_method(out, channel, AMQP_QUEUE_DECLARE_METHOD,
                amqp_queue_declare_t{.ticket = 0,
                                     .queue = short_string(from.queue),
                                     .passive = flag(from.passive),
                                     .durable = flag(from.durable),
                                     .exclusive = flag(from.exclusive),
                                     .auto_delete = flag(from.auto_delete),
                                     .nowait = 0,
                                     .arguments = memory.table(from.arguments)});
}

void append_one(std::string& out, std::uint16_t channel, const request::BindQueue& from) {
  append_method(out, channel, AMQP_QUEUE_BIND_METHOD,
                amqp_queue_bind_t{.ticket = 0,
                                  .queue = short_string(from.queue),
                                  .exchange = short_string(from.exchange),
                                  .routing_key = short_string(from.routing_key),
                                  .nowait = 0,
                                  .arguments = {}});
}

void append_one(std::string& out, std::uint16_t channel, const request::UnbindQueue& from) {
  append_method(out, channel, AMQP_QUEUE_UNBIND_METHOD,
                amqp_queue_unbind_t{.ticket = 0,
                                    .queue = short_string(from.queue),
                                    .exchange = short_string(from.exchange),
                                    .routing_key = short_string(from.routing_key),
                                    .arguments = {}});
}

void append_one(std::string& out, std::uint16_t channel, const request::DeleteQueue& from) {
  append_method(out, channel, AMQP_QUEUE_DELETE_METHOD,
                amqp_queue_delete_t{.ticket = 0,
                                    .queue = short_string(from.queue),
                                    .if_unused = flag(from.if_unused),
                                    .if_empty = flag(from.if_empty),
                                    .nowait = 0});
}

void append_one(std::string& out, std::uint16_t channel, const request::Prefetch& from) {
  append_method(out, channel, AMQP_BASIC_QOS_METHOD,
                amqp_basic_qos_t{.prefetch_size = 0, .prefetch_count = from.count, .global = 0});
}

void append_one(std::string& out, std::uint16_t channel, const request::Consume& from) {
  append_method(out, channel, AMQP_BASIC_CONSUME_METHOD,
                amqp_basic_consume_t{.ticket = 0,
                                     .queue = short_string(from.queue),
                                     .consumer_tag = short_string(from.queue),
                                     .no_local = 0,
                                     .no_ack = flag(!from.acknowledged),
                                     .exclusive = 0,
                                     .nowait = 0,
                                     .arguments = {}});
}

void append_one(std::string& out, std::uint16_t channel, const request::Cancel& from) {
  append_method(out, channel, AMQP_BASIC_CANCEL_METHOD,
                amqp_basic_cancel_t{.consumer_tag = short_string(from.queue), .nowait = 0});
}

}  // namespace

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

void append_channel_open(std::string& out, std::uint16_t channel) {
  append_method(out, channel, AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t{.out_of_band = {}});
}

void append_channel_close_ok(std::string& out, std::uint16_t channel) {
  append_method(out, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t{});
}

void append_request(std::string& out, std::uint16_t channel, const Request& request) {
  std::visit([&](const auto& one) { append_one(out, channel, one); }, request);
}

void append_ack(std::string& out, std::uint64_t delivery_tag, Multiple multiple) {
  append_method(out, main_channel, AMQP_BASIC_ACK_METHOD,
                amqp_basic_ack_t{.delivery_tag = delivery_tag,
                                 .multiple = multiple == Multiple::yes ? 1 : 0});
}

void append_requeue(std::string& out, std::uint64_t delivery_tag) {
  append_method(out, main_channel, AMQP_BASIC_REJECT_METHOD,
                amqp_basic_reject_t{.delivery_tag = delivery_tag, .requeue = 1});
}

void append_heartbeat(std::string& out) {
  out += std::string_view("\x08\0\0\0\0\0\0\xce", 8);
}

void append_publish(std::string& out, const Message& message, std::size_t frame_max) {
  append_method(out, main_channel, AMQP_BASIC_PUBLISH_METHOD,
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
