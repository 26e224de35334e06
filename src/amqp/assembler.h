#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "amqp/codec.h"
#include "amqp/event.h"
#include "amqp/message.h"

namespace miko::amqp {

/// Puts messages together from a method, a header and body frames. Pure: no socket, no clock.
///
/// A message that has arrived whole is an event, a Delivery or Returned.
/// A delivered body over the limit is announced at once as a Delivery that is too_large and without
/// body; its frames are then read past. Memory grows with what arrives, not with what is announced.
/// Everything throws Error{connection_lost} for frames that do not fit together.
class Assembler {
 public:
  explicit Assembler(std::uint64_t body_size_max) : body_size_max_(body_size_max) {}

  void begin(method::Deliver deliver);
  void begin(method::Return back);
  std::optional<Event> header(ContentHeader header);
  std::optional<Event> body(std::string_view piece);

  /// Whether a message has begun and is not whole yet.
  [[nodiscard]] bool busy() const { return expected_ != Expected::method; }

 private:
  enum class Expected { method, header, body };

  std::optional<Event> finish();

  std::uint64_t body_size_max_;
  Expected expected_ = Expected::method;
  std::uint64_t body_left_ = 0;
  bool keep_body_ = true;
  std::variant<Delivery, Returned> arriving_ = {};
};

}  // namespace miko::amqp
