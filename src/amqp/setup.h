#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "amqp/codec.h"
#include "amqp/uri.h"
#include "base/error.h"

namespace miko::amqp {

/// The queue on which replies arrive: exclusive, auto-delete, bound to `exchange` by `key`.
struct ReplyQueue {
  std::string name = {};
  std::string exchange = {};
  std::string key = {};
};

/// Throws Error{unreachable} if the first bytes of the other side, or the first few of them, are
/// not how an AMQP 0-9-1 broker begins.
void check_greeting(std::string_view bytes, const std::string& address);

enum class Pace {
  optimistic,  ///< everything in one flight, guessing the broker's limits
  careful,     ///< waits for the broker's greeting and for its limits: two round trips more
};

/// Login, channel and reply queue as a flight of frames. Pure: it is told what the broker says and
/// says what to send.
///
/// RabbitMQ handles frames in order and refuses the whole rest after an error, so nothing needs to
/// be waited for: protocol header, start-ok, tune-ok, open, channel.open, confirm.select,
/// queue.declare, queue.bind, basic.consume and the first request leave together. The guess at
/// stake is tune-ok: a frame_max above the broker's makes it drop the connection.
class Setup {
 public:
  enum class Phase { greeting, login, opening, opened, ready };

  /// `confirms`: the broker is to confirm every message.
  Setup(const Endpoint& endpoint, const ReplyQueue& reply_queue, Pace pace, bool confirms = true);

  /// Appends what is sent without having heard anything.
  void begin(std::string& out);

  /// Takes one answer and appends what may follow it. Answers of no concern are ignored.
  /// Throws Error{unreachable} when this is no broker to talk to.
  void hear(const Method& method, std::string& out);

  /// The guess was wrong: the broker has dropped, or will drop, everything sent so far.
  [[nodiscard]] bool guessed_too_high() const { return guessed_too_high_; }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool may_publish() const { return sent_all_; }
  [[nodiscard]] std::size_t frame_max() const { return tune_.frame_max; }
  [[nodiscard]] std::uint16_t heartbeat_seconds() const { return tune_.heartbeat; }
  [[nodiscard]] const method::Start& broker() const { return broker_; }

 private:
  void append_login(std::string& out) const;
  void append_rest(std::string& out);
  /// Whether the request may have run at a broker that is refused during the login. With the
  /// careful pace it has not left by then.
  [[nodiscard]] Executed request_executed() const;
  void check_broker() const;
  void check_order(const Method& method) const;
  void hear_tune(const method::Tune& tune, std::string& out);

  const Endpoint& endpoint_;
  const ReplyQueue& reply_queue_;
  Pace pace_;
  bool confirms_;
  Phase phase_ = Phase::greeting;
  TuneOk tune_;
  method::Start broker_ = {};
  bool sent_all_ = false;
  bool guessed_too_high_ = false;
};

}  // namespace miko::amqp
