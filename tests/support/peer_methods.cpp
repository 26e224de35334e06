// The AMQP methods of Peer: what it says step by step, and what it answers by itself.

#include <string>
#include <string_view>

#include "support/peer.h"

namespace miko::test {
namespace {

constexpr std::string_view protocol_header("AMQP\x00\x00\x09\x01", 8);

/// Where the no-wait bit of a method that has one is, counted from the lowest of its flags.
enum NoWait : unsigned { first_bit = 0, third_bit = 2, fourth_bit = 3, fifth_bit = 4 };

bool is_set(ByteReader& arguments, NoWait bit) {
  return (arguments.u8() >> bit & 1U) != 0;
}

/// Skips what most methods begin with: 16 reserved bits and so many names.
ByteReader& after_names(ByteReader& arguments, int count) {
  arguments.u16();
  for (int i = 0; i < count; ++i) {
    arguments.short_string();
  }
  return arguments;
}

Bytes close_arguments(const CloseReason& reason) {
  Bytes result;
  result.u16(reason.code).short_string(reason.text);
  return result.u16(reason.method.class_id).u16(reason.method.method_id);
}

}  // namespace

const Login& Peer::log_in(const LogInOptions& options) {
  if (const std::string greeting = read_protocol_header(); greeting != protocol_header) {
    throw std::runtime_error("the client greets with " + greeting);
  }
  send_start(options.start);
  read_start_ok();
  send_tune(options.tune);
  read_tune_ok();
  read_open();
  send_open_ok();
  return login_;
}

std::string Peer::read_protocol_header() {
  return read_exactly(protocol_header.size());
}

void Peer::send_start(const StartOptions& options) {
  Bytes capabilities;
  for (const char* name :
       {"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
        "connection.blocked", "authentication_failure_close"}) {
    capabilities.field_true(name);
  }
  Bytes properties;
  properties.field_table("capabilities", capabilities);
  properties.field_text("product", options.product).field_text("version", options.version);
  Bytes arguments;
  arguments.u8(0).u8(9).table(properties);
  arguments.long_string(options.mechanisms).long_string(options.locales);
  send_method(0, {10, 10}, arguments);
}

void Peer::read_start_ok() {
  const Frame start_ok = read_method({10, 11});
  ByteReader arguments = start_ok.arguments();
  login_.client_properties = arguments.table();
  login_.mechanism = arguments.short_string();
  login_.response = arguments.long_string();
}

void Peer::send_tune(const TuneOptions& options) {
  Bytes arguments;
  arguments.u16(options.channel_max).u32(options.frame_max).u16(options.heartbeat_seconds);
  send_method(0, {10, 30}, arguments);
}

void Peer::read_tune_ok() {
  const Frame tune_ok = read_method({10, 31});
  ByteReader arguments = tune_ok.arguments();
  login_.channel_max = arguments.u16();
  login_.frame_max = arguments.u32();
  login_.heartbeat_seconds = arguments.u16();
}

void Peer::read_open() {
  const Frame open = read_method({10, 40});
  login_.vhost = open.arguments().short_string();
}

void Peer::send_open_ok() {
  send_method(0, {10, 41}, Bytes().short_string(""));
}

bool Peer::answer(const Frame& frame) {
  const MethodId method = frame.method();
  if (method == MethodId{}) {
    return false;
  }
  ByteReader arguments = frame.arguments();
  Bytes reply;
  bool wanted = true;
  switch (method.class_id * 1000U + method.method_id) {
    case 10050:  // connection.close
    case 20040:  // channel.close
    case 50050:  // queue.unbind
    case 60010:  // basic.qos
      break;
    case 20010:  // channel.open
      channel_ = frame.channel;
      reply.long_string("");
      break;
    case 40010:  // exchange.declare
      wanted = !is_set(after_names(arguments, 2), fifth_bit);
      break;
    case 50010:  // queue.declare
      reply.raw(answer_queue_declare(arguments, wanted));
      break;
    case 50020:  // queue.bind
      wanted = !is_set(after_names(arguments, 3), first_bit);
      break;
    case 50040:  // queue.delete
      wanted = !is_set(after_names(arguments, 1), third_bit);
      reply.u32(0);
      break;
    case 60020:  // basic.consume
      if (const std::string tag = after_names(arguments, 1).short_string(); !tag.empty()) {
        consumer_tag_ = tag;
      }
      wanted = !is_set(arguments, fourth_bit);
      reply.short_string(consumer_tag_);
      break;
    case 60030:  // basic.cancel
      reply.short_string(arguments.short_string());
      wanted = !is_set(arguments, first_bit);
      break;
    case 85010:  // confirm.select
      confirm_channels_.try_emplace(frame.channel, 0);
      wanted = !is_set(arguments, first_bit);
      break;
    default:
      return false;
  }
  if (wanted) {
    // In AMQP the answer's number is always the next one.
    const auto next = static_cast<std::uint16_t>(method.method_id + 1);
    send_method(frame.channel, {method.class_id, next}, reply);
  }
  return true;
}

std::string Peer::answer_queue_declare(ByteReader arguments, bool& wanted) {
  arguments.u16();
  if (const std::string name = arguments.short_string(); !name.empty()) {
    queue_ = name;
  }
  wanted = !is_set(arguments, fifth_bit);
  return Bytes().short_string(queue_).u32(0).u32(0).str();
}

void Peer::send_frame(FrameType type, unsigned channel, std::string_view payload) {
  send_raw(frame(type, channel, payload));
}

void Peer::send_method(unsigned channel, MethodId method, const Bytes& arguments) {
  send_raw(method_frame(channel, method, arguments));
}

void Peer::send_header(unsigned channel, std::uint16_t class_id, std::uint64_t body_size,
                       std::string_view properties) {
  Bytes payload;
  payload.u16(class_id).u16(0).u64(body_size).raw(properties);
  send_frame(FrameType::header, channel, payload.str());
}

void Peer::send_body(unsigned channel, std::string_view part) {
  send_frame(FrameType::body, channel, part);
}

void Peer::heartbeat() {
  send_frame(FrameType::heartbeat, 0, "");
}

void Peer::blocked(std::string_view reason) {
  send_method(0, {10, 60}, Bytes().short_string(reason));
}

void Peer::unblocked() {
  send_method(0, {10, 61});
}

void Peer::cancel() {
  send_method(channel_, {60, 30}, Bytes().short_string(consumer_tag_).u8(1));
}

void Peer::close_connection(const CloseReason& reason) {
  send_method(0, {10, 50}, close_arguments(reason));
  try {
    read_method({10, 51});
  } catch (const ClientLeft&) {
    // It may well hang up instead of saying close-ok.
  }
}

void Peer::close_channel(const CloseReason& reason) {
  send_method(channel_, {20, 40}, close_arguments(reason));
}

}  // namespace miko::test
