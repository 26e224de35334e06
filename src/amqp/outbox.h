#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "amqp/message.h"

namespace miko::amqp {

/// Bytes on their way to the broker. Frames of a large body are made only when there is room for
/// them, so a request is never held in memory twice. Pure: whoever owns the socket asks front() and
/// says what went out.
class Outbox {
 public:
  /// Appends whole frames.
  void append(std::string_view frames);

  /// Appends a message as frames of at most `frame_max` bytes.
  /// Throws Error{usage} for names or headers that do not fit, and appends nothing then.
  void append(Message&& message, std::size_t frame_max);

  /// The next bytes to send, empty when everything went out.
  [[nodiscard]] std::string_view front();

  /// `bytes` of front() went out.
  void sent(std::size_t bytes);

  /// Forgets what was appended when appended_total() was `position` and later. None of it has gone
  /// out, and front() begins before it or with it.
  void cut(std::uint64_t position);

  /// All bytes ever appended, and all that ever went out. A message has left, or may have, as soon
  /// as sent_total() reaches what appended_total() was right behind it.
  [[nodiscard]] std::uint64_t appended_total() const { return appended_total_; }
  [[nodiscard]] std::uint64_t sent_total() const { return sent_total_; }

 private:
  /// Frames first, then what is left of a body.
  struct Segment {
    std::string frames = {};
    std::string body = {};
    std::size_t frame_max = 0;
  };

  /// Where the next frames go.
  std::string& tail();
  void append_small(const Message& message, std::size_t frame_max);
  void refill();

  std::string buffer_ = {};
  std::size_t buffer_at_ = 0;
  std::deque<Segment> segments_ = {};
  std::size_t body_at_ = 0;
  std::uint64_t appended_total_ = 0;
  std::uint64_t sent_total_ = 0;
};

}  // namespace miko::amqp
