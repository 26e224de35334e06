#include "amqp/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "amqp/status.h"
#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

/// A larger first request does not fit the first flight anyway, and should not be thrown at a
/// broker that may refuse the login.
constexpr std::size_t optimistic_body_max = 64UL * 1024;

/// Before the broker's limits are known it may send frames of the size it prefers.
constexpr std::size_t frame_max_before_tune = 131072;

/// The queue of the first consumer; empty without one.
std::string_view consumed_queue(const std::vector<Request>& opening) {
  for (const Request& request : opening) {
    if (const auto* consume = std::get_if<request::Consume>(&request)) {
      return consume->queue;
    }
  }
  return {};
}

std::optional<Event> answer_on_main_channel(const Method& method) {
  if (const auto* declared = std::get_if<method::QueueDeclareOk>(&method)) {
    return Answer{.channel = main_channel,
                  .message_count = declared->message_count,
                  .consumer_count = declared->consumer_count};
  }
  return std::holds_alternative<method::Granted>(method)
             ? std::optional<Event>(Answer{.channel = main_channel})
             : std::nullopt;
}

}  // namespace

Connection::Connection(const Loop& loop, ConnectionOptions options)
    : loop_(loop),
      options_(std::move(options)),
      pace_(options_.pace),
      decoder_(options_.headers),
      assembler_(options_.body_size_max) {}

void Connection::open(Clock::time_point until) {
  for (endpoint_ = 0;; ++endpoint_) {
    const Clock::time_point now = Clock::now();
    const auto left = static_cast<Clock::rep>(options_.endpoints.size() - endpoint_);
    const Clock::time_point share = now + Deadline(until).remaining(now) / left;
    try {
      connect(share, left == 1 ? options_.pace : Pace::careful);
      if (left > 1) {
        await_limits(share);
      }
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unreachable || left == 1) {
        throw;
      }
      options_.trace("unreachable", error.what());
    }
  }
}

void Connection::connect(Clock::time_point until, Pace pace) {
  transport_.reset();
  transport_ = Transport::open(loop_, endpoint(), until, options_.trace);
  pace_ = pace;
  setup_.reset();
  assembler_ = Assembler(options_.body_size_max);
  outbox_ = Outbox();
  leaving_.clear();
  line_stuck_ = false;
  left_ = 0;
  asked_ = 0;
  inquiring_ = inquiry_channel_open_ = inquiry_channel_opening_ = false;
  inbox_.clear();
  heard_anything_ = false;
  may_have_arrived_ = true;
  line_down_.clear();
  main_channel_closed_ = over_ = false;
  last_received_ = last_sent_ = Clock::now();
}

void Connection::await_limits(Clock::time_point until) {
  begin_session();
  while (!tuned_) {
    const bool out_of_place = take_event(until).has_value();
    if (!out_of_place && !tuned_ && !exchange(until)) {
      throw Error({.kind = ErrorKind::unreachable,
                   .message = fmt::format("{} from {} in time", *login_pending(), address())});
    }
  }
}

void Connection::begin_session() {
  setup_.emplace(endpoint(), options_.opening, pace_);
  std::string frames;
  setup_->begin(frames);
  outbox_.append(frames);
}

std::uint64_t Connection::publish(Message&& message) {
  if (!setup_) {
    if (message.body.size() > optimistic_body_max) {
      pace_ = Pace::careful;
    }
    begin_session();
  }
  if (setup_->may_publish()) {
    std::optional<Message> copy = tuned_ ? std::nullopt : std::optional(message);
    enqueue(std::move(message));
    if (copy) {
      early_.push_back(std::move(*copy));
    }
  } else {
    // Refused here and now if it cannot be encoded, not when the broker's limits are known.
    std::string trial;
    append_publish(trial, message, setup_->frame_max());
    early_.push_back(std::move(message));
  }
  return ++published_;
}

void Connection::enqueue(Message&& message) {
  const std::uint64_t begin = outbox_.appended_total();
  outbox_.append(std::move(message), setup_->frame_max());
  leaving_.push_back({.begin = begin, .end = outbox_.appended_total()});
}

std::optional<Event> Connection::next(Clock::time_point until, std::span<pollfd> others) {
  if (!setup_) {
    begin_session();
  }
  const bool was_ready = ready();
  while (true) {
    if (std::optional<Event> event = take_event(until)) {
      return event;
    }
    if (ready() && !was_ready) {
      return std::nullopt;
    }
    if (!exchange(until, others)) {
      return take_event(until);
    }
  }
}

bool Connection::exchange(Clock::time_point until, std::span<pollfd> others) {
  flush();
  // A read that is known to find nothing is worth it only if there is no wait to ask the system in.
  const bool received = (may_have_arrived_ || Clock::now() >= until) && receive();
  const Clock::time_point now = Clock::now();
  if (now >= until || closed_) {
    return false;
  }
  keep_alive(now);
  if (received) {
    loop_.check_interrupt();
    return true;
  }
  if (!line_down_.empty()) {
    throw lost(line_down_);
  }
  return !sleep(until, others);
}

std::optional<Event> Connection::take_event(Clock::time_point until) {
  if (!kept_.empty()) {
    Event event = std::move(kept_.front());
    kept_.pop_front();
    return event;
  }
  while (!inbox_.empty()) {
    std::string_view bytes = inbox_.bytes();
    if (!heard_anything_) {
      check_greeting(bytes, address());
    }
    const std::size_t frame_max = tuned_ ? setup_->frame_max() : frame_max_before_tune;
    try {
      const std::optional<Frame> frame = take_frame(bytes, frame_max);
      if (!frame) {
        return std::nullopt;
      }
      inbox_.consume(inbox_.bytes().size() - bytes.size());
      heard_anything_ = true;
      if (std::optional<Event> event = handle(*frame)) {
        return event;
      }
    } catch (const Error& error) {
      over_ = !main_channel_closed_;
      // The codec does not know how far the login has come.
      const bool logging_in = error.kind() == ErrorKind::connection_lost && login_pending();
      throw logging_in ? lost(error.what()) : error;
    }
    if (setup_->guessed_too_high() && !tuned_) {
      start_over_carefully(until);
    }
  }
  return std::nullopt;
}

std::optional<Event> Connection::handle(const Frame& frame) {
  if (frame.type == FrameType::heartbeat) {
    return std::nullopt;
  }
  if (frame.channel == inquiry_channel && inquiring_) {
    return handle_inquiry(frame);
  }
  if (frame.channel > main_channel) {
    throw lost(fmt::format("the broker sent a frame on channel {}", frame.channel));
  }
  if (frame.type == FrameType::method) {
    return handle_method(frame);
  }
  return frame.type == FrameType::header ? assembler_.header(decoder_.content_header(frame.payload))
                                         : assembler_.body(frame.payload);
}

std::optional<Event> Connection::handle_method(const Frame& frame) {
  Method method = decoder_.method(frame.payload);
  if (auto* deliver = std::get_if<method::Deliver>(&method)) {
    assembler_.begin(std::move(*deliver));
  } else if (auto* back = std::get_if<method::Return>(&method)) {
    assembler_.begin(std::move(*back));
  } else if (const auto* confirmed = std::get_if<Confirmed>(&method)) {
    return *confirmed;
  } else if (const auto* close = std::get_if<method::Close>(&method)) {
    std::string answer;
    close->whole_connection ? append_connection_close_ok(answer)
                            : append_channel_close_ok(answer, main_channel);
    outbox_.append(answer);
    flush();
    main_channel_closed_ = ready() && !close->whole_connection;
    asked_ = 0;
    throw closed_by_broker(*close);
  } else if (const auto* cancel = std::get_if<method::Cancel>(&method)) {
    throw Error({.kind = ErrorKind::connection_lost,
                 .message = fmt::format("the broker cancelled the consumer of {}",
                                        printable(shortened(cancel->consumer_tag, 100))),
                 .executed = Executed::maybe,
                 .hint = "somebody deleted the queue, or its node went down"});
  } else if (const auto* blocked = std::get_if<method::ConnectionBlocked>(&method)) {
    blocked_reason_ = printable(shortened(blocked->reason, 100));
    options_.trace("blocked", blocked_reason_);
  } else if (std::holds_alternative<method::ConnectionUnblocked>(method)) {
    blocked_reason_.clear();
    options_.trace("unblocked", "");
  } else if (std::holds_alternative<method::ConnectionCloseOk>(method)) {
    if (!closing_) {
      throw lost("it closed the connection without being asked");
    }
    closed_ = true;
  } else {
    std::optional<Event> answer = ready() ? answer_on_main_channel(method) : std::nullopt;
    asked_ -= answer && asked_ > 0 ? 1 : 0;
    hear_setup(method);
    return answer;
  }
  return std::nullopt;
}

void Connection::hear_setup(const Method& method) {
  const Setup::Phase before = setup_->phase();
  std::string frames;
  setup_->hear(method, frames);
  outbox_.append(frames);
  if (setup_->phase() == Setup::Phase::opening && before != Setup::Phase::opening &&
      !setup_->guessed_too_high()) {
    tuned_ = true;
    if (pace_ == Pace::careful) {
      for (Message& message : early_) {
        enqueue(std::move(message));
      }
    }
    early_.clear();
  }
  if (setup_->phase() != before && setup_->phase() == Setup::Phase::opened) {
    options_.trace("login", fmt::format("{} as {}",
                                        setup_->broker().product.empty()
                                            ? "broker"
                                            : printable(setup_->broker().product + " " +
                                                        setup_->broker().version),
                                        printable(endpoint().user)));
  }
  if (setup_->phase() != before && setup_->phase() == Setup::Phase::ready) {
    options_.trace("ready", consumed_queue(options_.opening));
    send_next_inquiry();
  }
}

void Connection::start_over_carefully(Clock::time_point until) {
  // RabbitMQ refuses a tune-ok over its limits and with it everything behind. Of other products
  // that is not known, and what was sent must not be sent twice.
  if (setup_->broker().product != "RabbitMQ" && left_ > 0) {
    throw lost("its limits are lower than what was assumed");
  }
  options_.trace("careful", "the broker's limits are lower than usual, logging in again");
  connect(until, Pace::careful);
  begin_session();
}

void Connection::flush() {
  line_stuck_ = false;
  while (line_down_.empty()) {
    const std::string_view bytes = outbox_.front();
    if (bytes.empty()) {
      break;
    }
    const Io io = transport_->write(bytes);
    if (io.bytes == 0) {
      // If the line is down, what the broker said before it went is still readable, and says why.
      line_stuck_ = true;
      break;
    }
    outbox_.sent(io.bytes);
    last_sent_ = Clock::now();
  }
  while (!leaving_.empty() && leaving_.front().end <= outbox_.sent_total()) {
    leaving_.pop_front();
    ++left_;
    if (left_ == 1) {
      options_.trace("publish", fmt::format("{} bytes sent", outbox_.sent_total()));
    }
  }
}

bool Connection::receive() {
  if (!line_down_.empty()) {
    return false;
  }
  char* const room = inbox_.make_room();
  const Io io = transport_->read(room, inbox_.room());
  may_have_arrived_ = io.more;
  if (!io.closed.empty()) {
    line_down_ = io.closed;
    return false;
  }
  inbox_.received(io.bytes);
  if (io.bytes > 0) {
    last_received_ = Clock::now();
  }
  return io.bytes > 0;
}

bool Connection::sleep(Clock::time_point until, std::span<pollfd> others) {
  const Clock::duration heartbeat = std::chrono::seconds(setup_->heartbeat_seconds());
  const bool writing = !outbox_.front().empty();
  Clock::time_point wake = until;
  if (heartbeat.count() > 0) {
    wake = std::min(wake, last_received_ + heartbeat * 2);
    if (tuned_ && !writing) {
      wake = std::min(wake, last_sent_ + heartbeat / 2);
    }
  }
  const auto events = static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN);
  std::vector<pollfd> all(others.begin(), others.end());
  all.push_back({.fd = transport_->fd(), .events = events, .revents = 0});
  // For the connection the result does not matter: whatever is ready is tried, and nothing ready
  // means it is time.
  static_cast<void>(loop_.wait(all, wake));
  may_have_arrived_ = (all.back().revents & ~POLLOUT) != 0;
  std::copy_n(all.begin(), others.size(), others.begin());
  return std::any_of(others.begin(), others.end(),
                     [](const pollfd& one) { return one.revents != 0; });
}

void Connection::keep_alive(Clock::time_point now) {
  const Clock::duration heartbeat = std::chrono::seconds(setup_->heartbeat_seconds());
  if (heartbeat.count() == 0) {
    return;
  }
  if (now >= last_received_ + heartbeat * 2) {
    over_ = true;
    throw lost(fmt::format("the broker was silent for {} s", 2 * setup_->heartbeat_seconds()));
  }
  if (tuned_ && now >= last_sent_ + heartbeat / 2 && outbox_.front().empty()) {
    std::string frame;
    append_heartbeat(frame);
    outbox_.append(frame);
    flush();
  }
}

}  // namespace miko::amqp
