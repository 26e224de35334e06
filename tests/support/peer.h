#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "support/amqp_bytes.h"

namespace miko::test {

/// A published message as the client sent it.
struct Request {
  unsigned channel = 1;
  std::string exchange = "";
  std::string routing_key = "";
  bool mandatory = false;
  Properties properties = {};
  /// Flags and values as they were on the wire.
  std::string raw_properties = "";
  std::string body = "";
  /// Number of this message on its channel, from 1: what a publisher confirm refers to.
  std::uint64_t delivery_tag = 0;
};

struct Frame {
  int type = 0;
  unsigned channel = 0;
  std::string payload = "";

  /// {0, 0} unless this is a method frame.
  [[nodiscard]] MethodId method() const;
  [[nodiscard]] ByteReader arguments() const;
};

struct StartOptions {
  std::string mechanisms = "PLAIN AMQPLAIN";
  std::string product = "RabbitMQ";
  std::string version = "3.10.8";
  std::string locales = "en_US";
};

struct TuneOptions {
  unsigned channel_max = 2047;
  std::uint32_t frame_max = 131072;
  unsigned heartbeat_seconds = 60;
};

struct LogInOptions {
  StartOptions start = {};
  TuneOptions tune = {};
};

/// What the client said while logging in.
struct Login {
  std::string client_properties = "";
  std::string mechanism = "";
  std::string response = "";
  unsigned channel_max = 0;
  std::uint32_t frame_max = 0;
  unsigned heartbeat_seconds = 0;
  std::string vhost = "";
};

struct ReplyOptions {
  std::optional<std::string> content_type = "application/json";
  std::optional<std::string> content_encoding = "utf-8";
  /// Instead of the request's.
  std::optional<std::string> correlation_id = std::nullopt;
  std::optional<Bytes> raw_headers = std::nullopt;
  /// Class of the content header; 60 is basic.
  std::uint16_t content_class = 60;
  /// What the content header claims, instead of the true size.
  std::optional<std::uint64_t> body_size = std::nullopt;
  /// Body bytes in one frame.
  std::size_t frame_size = 131072 - 8;
  /// Instead of the one on which the request came.
  std::optional<unsigned> channel = std::nullopt;
};

struct CloseReason {
  unsigned code = 320;
  std::string text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
  /// The method that is to blame.
  MethodId method = {};
};

/// All that the clients of one fake server have published; shared by its peers.
class Journal {
 public:
  void add(const Request& request);
  [[nodiscard]] std::vector<Request> requests() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
};

enum class Goodbye { polite, abrupt };

/// The server's side of one connection, as told by a script.
///
/// Every read waits until the client sends, and ends the script quietly when the server object is
/// destroyed. A client that leaves while the script expects something fails the test; one that
/// leaves while the script sends ends the script quietly.
class Peer {
 public:
  /// `stop` becomes readable when the script must end. `number` counts the connections from 0.
  Peer(UniqueFd socket, int stop, int number, Journal& journal);

  [[nodiscard]] int number() const { return number_; }

  // The usual course of events.

  /// Protocol header to connection.open-ok; whether the client waits for each answer or not.
  const Login& log_in(const LogInOptions& options = {});
  /// The next message, answering whatever the client asks before (channel, queue, consumer, ...).
  Request read_request();
  /// Confirms the request if the client asked for confirms and it is not yet confirmed, and
  /// delivers `body` to the consumer.
  void reply(const Request& request, std::string_view body, const ReplyOptions& options = {});
  /// The frames of a reply, without the confirm, to be sent in pieces or not in full.
  [[nodiscard]] std::string reply_frames(const Request& request, std::string_view body,
                                         const ReplyOptions& options = {}) const;
  void ack(const Request& request);
  void nack(const Request& request);
  /// basic.return 312 and, in confirm mode, the ack after it.
  void return_unroutable(const Request& request);
  /// Answers everything until the client has closed its connection.
  Goodbye answer_close();
  /// Reads and never answers, until the client goes away or the server is destroyed.
  void stay_silent();
  /// Neither reads nor writes, for this long or until the server is destroyed.
  void pause(std::chrono::milliseconds duration);
  /// As pause(), without end.
  void freeze();

  // One step at a time.

  /// The 8 bytes with which a client greets.
  std::string read_protocol_header();
  void send_start(const StartOptions& options = {});
  void read_start_ok();
  void send_tune(const TuneOptions& options = {});
  void read_tune_ok();
  void read_open();
  void send_open_ok();
  Frame read_frame();
  std::string read_exactly(std::size_t size);
  /// Reads frames until this method comes, answering the others.
  Frame read_method(MethodId method);
  /// Answers a method that has an answer; says whether it had.
  bool answer(const Frame& frame);

  void send_raw(std::string_view bytes);
  /// In pieces of `size` bytes with a pause after each.
  void drip(std::string_view bytes, std::size_t size, std::chrono::milliseconds pause_after);
  void send_frame(FrameType type, unsigned channel, std::string_view payload);
  void send_method(unsigned channel, MethodId method, const Bytes& arguments = Bytes());
  /// A content header; `properties` as encode() makes them.
  void send_header(unsigned channel, std::uint16_t class_id, std::uint64_t body_size,
                   std::string_view properties);
  void send_body(unsigned channel, std::string_view part);
  void heartbeat();
  void blocked(std::string_view reason);
  void unblocked();
  /// basic.cancel: the queue under the consumer is gone.
  void cancel();
  /// connection.close, and waits for close-ok or the client's leaving.
  void close_connection(const CloseReason& reason = {});
  void close_channel(const CloseReason& reason);
  /// Ends the connection as a process does that exits.
  void close();
  /// Ends it with a TCP reset.
  void reset();
  /// Sends end of file and reads what the client still has to say, for a while. So a script ends.
  void finish();

 private:
  /// Reads more into buffer_; false at the end of the connection.
  bool fill();
  Request read_content(const Frame& publish);
  void confirm_once(const Request& request);
  std::string answer_queue_declare(ByteReader arguments, bool& wanted);

  UniqueFd socket_;
  int stop_;
  int number_;
  Journal& journal_;
  std::string buffer_;
  Login login_;
  unsigned channel_ = 1;
  std::string queue_ = "amq.gen-fake";
  std::string consumer_tag_ = "amq.ctag-fake";
  /// Messages published on each channel in confirm mode, and the tags confirmed.
  std::map<unsigned, std::uint64_t> confirm_channels_;
  std::map<std::pair<unsigned, std::uint64_t>, bool> confirmed_;
};

/// Thrown through a script to end it quietly.
struct ScriptEnded {};

/// The client left although the script expected something of it.
struct ClientLeft : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace miko::test
