#include "amqp/assembler.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"

namespace miko::amqp {
namespace {

Error out_of_order(std::string_view what) {
  return Error({.kind = ErrorKind::connection_lost,
                .message = fmt::format("the broker sent {}", what),
                .executed = Executed::maybe});
}

}  // namespace

void Assembler::begin(method::Deliver deliver) {
  if (busy()) {
    throw out_of_order("a message in the middle of another");
  }
  arriving_ = Delivery{.exchange = std::move(deliver.exchange),
                       .routing_key = std::move(deliver.routing_key),
                       .delivery_tag = deliver.delivery_tag,
                       .redelivered = deliver.redelivered};
  expected_ = Expected::header;
}

void Assembler::begin(method::Return back) {
  if (busy()) {
    throw out_of_order("a message in the middle of another");
  }
  arriving_ = Returned{.reply_code = back.reply_code,
                       .reply_text = std::move(back.reply_text),
                       .exchange = std::move(back.exchange),
                       .routing_key = std::move(back.routing_key)};
  expected_ = Expected::header;
}

std::optional<Event> Assembler::header(ContentHeader header) {
  if (expected_ != Expected::header) {
    throw out_of_order("a content header that belongs to no message");
  }
  body_left_ = header.body_size;
  expected_ = Expected::body;
  if (auto* returned = std::get_if<Returned>(&arriving_)) {
    // Our own request comes back; it is known already.
    returned->properties = std::move(header.properties);
    keep_body_ = false;
  } else {
    auto& delivery = std::get<Delivery>(arriving_);
    delivery.properties = std::move(header.properties);
    delivery.announced_size = header.body_size;
    delivery.too_large = header.body_size > body_size_max_;
    keep_body_ = !delivery.too_large;
    if (delivery.too_large) {
      std::optional<Event> announced = std::move(delivery);
      arriving_ = Delivery{.too_large = true};
      return announced;
    }
    // Untouched memory is not resident, so a size that turns out to be a lie costs nothing.
    delivery.body.reserve(header.body_size);
  }
  return body_left_ == 0 ? finish() : std::nullopt;
}

std::optional<Event> Assembler::body(std::string_view piece) {
  if (expected_ != Expected::body) {
    throw out_of_order("a body frame that belongs to no message");
  }
  if (piece.empty() || piece.size() > body_left_) {
    throw out_of_order("a body that is not as long as announced");
  }
  body_left_ -= piece.size();
  if (keep_body_) {
    std::get<Delivery>(arriving_).body += piece;
  }
  if (body_left_ > 0) {
    return std::nullopt;
  }
  const auto* delivery = std::get_if<Delivery>(&arriving_);
  if (delivery != nullptr && delivery->too_large) {
    expected_ = Expected::method;
    return std::nullopt;
  }
  return finish();
}

std::optional<Event> Assembler::finish() {
  expected_ = Expected::method;
  return std::visit([](auto& whole) { return std::optional<Event>(std::move(whole)); }, arriving_);
}

}  // namespace miko::amqp
