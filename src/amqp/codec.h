#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "amqp/message.h"
#include "amqp/request.h"

/// AMQP 0-9-1 frames as bytes, in both directions; no socket and no state.
///
/// rabbitmq-c encodes and decodes methods, properties and tables. Its connection object is not
/// used: it waits without limits while it writes, trusts sizes the peer announces, and (0.11)
/// overruns its buffer when read again after a framing error. Frames are cut here, where every size
/// is checked.
namespace miko::amqp {

enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

/// One frame; `payload` views into the bytes it was cut from.
struct Frame {
  FrameType type = FrameType::method;
  std::uint16_t channel = 0;
  std::string_view payload = {};
};

inline constexpr std::size_t frame_overhead = 8;  ///< header of 7 bytes, end mark of 1
inline constexpr std::string_view protocol_header = {"AMQP\0\0\x09\x01", 8};

/// Cuts the next frame off the front of `bytes`. Nothing if it is not complete yet.
/// Throws Error{connection_lost} for a frame over `frame_max` bytes, of an unknown type or without
/// its end mark.
std::optional<Frame> take_frame(std::string_view& bytes, std::size_t frame_max);

/// What the broker says, one type for each method miko understands.
namespace method {

struct Start {
  int version_major = 0;
  int version_minor = 0;
  std::string mechanisms = {};  ///< separated by blanks
  std::string product = {};     ///< e.g. "RabbitMQ"
  std::string version = {};     ///< e.g. "3.10.8"
};
struct Tune {
  std::uint16_t channel_max = 0;  ///< 0: no limit
  std::uint32_t frame_max = 0;    ///< 0: no limit
  std::uint16_t heartbeat = 0;    ///< seconds
};
struct OpenOk {};
struct ConnectionBlocked {
  std::string reason = {};
};
struct ConnectionUnblocked {};
struct ConnectionCloseOk {};
struct ChannelCloseOk {};
/// connection.close and channel.close: what was wrong with which of our methods.
struct Close {
  bool whole_connection = false;
  std::uint16_t reply_code = 0;
  std::string reply_text = {};
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
};
struct QueueDeclareOk {
  std::string queue = {};
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;
};
struct Cancel {
  std::string consumer_tag = {};
};
struct Deliver {
  std::string exchange = {};
  std::string routing_key = {};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
};
struct Return {
  std::uint16_t reply_code = 0;
  std::string reply_text = {};
  std::string exchange = {};
  std::string routing_key = {};
};
/// channel.open-ok, and the answers to requests that say nothing else.
struct Granted {};

}  // namespace method

/// How deep tables may be nested in tables in what a broker sends.
inline constexpr int table_depth_max = 32;

using Method =
    std::variant<method::Start, method::Tune, method::OpenOk, method::ConnectionBlocked,
                 method::ConnectionUnblocked, method::ConnectionCloseOk, method::ChannelCloseOk,
                 method::Close, method::QueueDeclareOk, method::Cancel, method::Deliver,
                 method::Return, Confirmed, method::Granted>;

struct ContentHeader {
  std::uint64_t body_size = 0;
  Properties properties = {};
};

/// Whether the headers of received messages are kept.
enum class Headers { skip, keep };

/// Reads payloads. Values are copied out, so nothing refers to the payload afterwards.
/// All of it throws Error{connection_lost} for what is malformed.
class Decoder {
 public:
  explicit Decoder(Headers headers = Headers::skip);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The payload of a method frame; throws also for methods that a broker does not send to a
  /// client like this.
  [[nodiscard]] Method method(std::string_view payload);

  /// The payload of a header frame; throws also if it is not of class basic.
  [[nodiscard]] ContentHeader content_header(std::string_view payload);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
  Headers headers_;
};

enum class Multiple { no, yes };

struct StartOk {
  std::string mechanism = "PLAIN";  ///< or AMQPLAIN or EXTERNAL
  std::string user = {};
  std::string password = {};
};
/// Messages, and requests that end the session when they are refused.
inline constexpr std::uint16_t main_channel = 1;
/// Requests that may be refused: a refusal closes this channel alone.
inline constexpr std::uint16_t inquiry_channel = 2;

struct TuneOk {
  std::uint16_t channel_max = inquiry_channel;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;
};

// Each appends whole frames to `out` and throws Error{usage} for what does not fit: names over 255
// bytes, headers over a frame.
void append_start_ok(std::string& out, const StartOk& fields);
void append_tune_ok(std::string& out, const TuneOk& fields);
void append_connection_open(std::string& out, std::string_view vhost);
void append_connection_close(std::string& out);
void append_connection_close_ok(std::string& out);
void append_channel_open(std::string& out, std::uint16_t channel);
void append_channel_close_ok(std::string& out, std::uint16_t channel);
void append_request(std::string& out, std::uint16_t channel, const Request& request);
/// Acknowledges one delivery of the main channel, with `multiple` all up to it.
void append_ack(std::string& out, std::uint64_t delivery_tag, Multiple multiple);
/// Gives one delivery of the main channel back to its queue, to be delivered again.
void append_requeue(std::string& out, std::uint64_t delivery_tag);
void append_heartbeat(std::string& out);
/// basic.publish and the content header; the body frames follow.
void append_publish(std::string& out, const Message& message, std::size_t frame_max);
/// Version of the rabbitmq-c in use.
[[nodiscard]] std::string rabbitmq_c_version();

/// One body frame; `piece` is at most frame_max - frame_overhead bytes.
void append_body_frame(std::string& out, std::string_view piece);

}  // namespace miko::amqp
