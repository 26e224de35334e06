// The part of a Connection that asks the broker for things.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp/connection.h"
#include "base/text.h"

namespace miko::amqp {

void Connection::request(const Request& request) {
  std::string frames;
  append_request(frames, main_channel, request);
  outbox_.append(frames);
  ++asked_;
}

void Connection::request(const Request& one, Clock::time_point until) {
  await_ready(until);
  request(one);
  static_cast<void>(await_answer(main_channel, until));
}

void Connection::acknowledge(std::uint64_t delivery_tag, Multiple multiple) {
  std::string frames;
  append_ack(frames, delivery_tag, multiple);
  outbox_.append(frames);
}

void Connection::requeue(std::uint64_t delivery_tag) {
  std::string frames;
  append_requeue(frames, delivery_tag);
  outbox_.append(frames);
}

void Connection::inquire(Request request) {
  inquiries_.push_back(std::move(request));
  send_next_inquiry();
}

Answer Connection::inquire(Request request, Clock::time_point until) {
  inquire(std::move(request));
  return await_answer(inquiry_channel, until);
}

Answer Connection::await_answer(std::uint16_t channel, Clock::time_point until) {
  std::deque<Event> others = std::exchange(kept_, {});
  while (true) {
    std::optional<Event> event = next(until);
    const auto* const answer = event ? std::get_if<Answer>(&*event) : nullptr;
    if (answer != nullptr && answer->channel == channel) {
      kept_ = std::move(others);
      return *answer;
    }
    if (event) {
      others.push_back(std::move(*event));
    } else if (Clock::now() >= until) {
      kept_ = std::move(others);
      throw late("no answer to a request");
    }
  }
}

void Connection::await_ready(Clock::time_point until) {
  std::deque<Event> others = std::exchange(kept_, {});
  while (!ready()) {
    if (std::optional<Event> event = next(until)) {
      others.push_back(std::move(*event));
    } else if (!ready() && Clock::now() >= until) {
      throw late("no reply queue");
    }
  }
  kept_ = std::move(others);
}

Error Connection::late(std::string_view missing) const {
  const std::optional<std::string> pending = login_pending();
  return Error({.kind = ready() ? ErrorKind::timeout : ErrorKind::unreachable,
                .message = fmt::format("{} from {} in time", pending.value_or(std::string(missing)),
                                       address())});
}

void Connection::send_next_inquiry() {
  if (!ready() || inquiring_ || inquiries_.empty()) {
    return;
  }
  if (!setup_->may_inquire()) {
    throw Error(
        {.kind = ErrorKind::unreachable,
         .message = fmt::format("{} allows one channel only, and two are needed", address()),
         .hint = "the broker's setting channel_max is too low"});
  }
  std::string frames;
  if (!inquiry_channel_open_) {
    append_channel_open(frames, inquiry_channel);
    inquiry_channel_open_ = inquiry_channel_opening_ = true;
  }
  append_request(frames, inquiry_channel, inquiries_.front());
  outbox_.append(frames);
  inquiring_ = true;
}

std::optional<Event> Connection::handle_inquiry(const Frame& frame) {
  if (frame.type != FrameType::method) {
    throw lost("the broker sent a message on the channel for inquiries");
  }
  const Method method = decoder_.method(frame.payload);
  const auto* const close = std::get_if<method::Close>(&method);
  Answer answer;
  if (close != nullptr && !close->whole_connection) {
    std::string frames;
    append_channel_close_ok(frames, inquiry_channel);
    outbox_.append(frames);
    inquiry_channel_open_ = inquiry_channel_opening_ = false;
    answer = {.refusal_code = std::max<std::uint16_t>(close->reply_code, 1),
              .refusal_text = printable(shortened(close->reply_text, 200))};
  } else if (const auto* declared = std::get_if<method::QueueDeclareOk>(&method)) {
    answer = {.message_count = declared->message_count, .consumer_count = declared->consumer_count};
  } else if (!std::holds_alternative<method::Granted>(method)) {
    throw lost("the broker answered an inquiry with something else");
  } else if (inquiry_channel_opening_) {
    inquiry_channel_opening_ = false;
    return std::nullopt;
  }
  answer.channel = inquiry_channel;
  inquiries_.pop_front();
  inquiring_ = false;
  send_next_inquiry();
  return answer;
}

}  // namespace miko::amqp
