#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/codec.h"
#include "amqp/request.h"
#include "amqp/uri.h"
#include "base/error.h"

namespace miko::amqp {

/// Throws Error{unreachable} if the first bytes of the other side, or the first few of them, are
/// not how an AMQP 0-9-1 broker begins.
void check_greeting(std::string_view bytes, const std::string& address);

enum class Pace {
  optimistic,  ///< everything in one flight, guessing the broker's limits
  careful,     ///< waits for the broker's greeting and for its limits: two round trips more
};

/// Login, channel and the first requests as a flight of frames. Pure: it is told what the broker
/// says and says what to send.
///
/// RabbitMQ handles frames in order and refuses the whole rest after an error, so nothing needs to
/// be waited for: protocol header, start-ok, tune-ok, open, channel.open, the opening requests
/// (a reply queue that is declared, bound and consumed from, say) and the first message leave
/// together. The guess at stake is tune-ok: limits above the broker's make it drop the connection.
class Setup {
 public:
  enum class Phase { greeting, login, opening, opened, ready };

  /// `opening`: asked for on the main channel, in this order.
  Setup(const Endpoint& endpoint, const std::vector<Request>& opening, Pace pace);

  /// Appends what is sent without having heard anything.
  void begin(std::string& out);

  /// Takes one answer and appends what may follow it. Answers of no concern are ignored.
  /// Throws Error{unreachable} when this is no broker to talk to.
  void hear(const Method& method, std::string& out);

  /// The guess was wrong: the broker has dropped, or will drop, everything sent so far.
  [[nodiscard]] bool guessed_too_high() const { return guessed_too_high_; }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool may_publish() const { return sent_all_; }
  /// The broker allows the second channel that inquiries take.
  [[nodiscard]] bool may_inquire() const { return tune_.channel_max >= inquiry_channel; }
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
  void hear_answer();
  void hear_tune(const method::Tune& tune, std::string& out);

  const Endpoint& endpoint_;
  const std::vector<Request>& opening_;
  Pace pace_;
  Phase phase_ = Phase::greeting;
  TuneOk tune_;
  method::Start broker_ = {};
  std::size_t unanswered_;  ///< channel.open and opening requests
  bool sent_all_ = false;
  bool guessed_too_high_ = false;
};

}  // namespace miko::amqp
