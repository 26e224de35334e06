// How a Connection ends that is ended by this side.

#include <algorithm>

#include "amqp/connection.h"

namespace miko::amqp {
namespace {

/// What the broker was routing when it heard the last request arrives within this time, or within
/// this time after the message before it.
constexpr std::chrono::milliseconds settling_time{10};

/// What still comes then had been waiting in the queue.
constexpr std::chrono::milliseconds settling_time_max{30};

}  // namespace

bool Connection::take_back() {
  early_.clear();
  if (leaving_.empty()) {
    return true;
  }
  if (line_stuck_) {
    return false;
  }
  outbox_.cut(leaving_.front().begin);
  leaving_.clear();
  return true;
}

void Connection::close(Clock::time_point until, const std::vector<Request>& last) {
  if (!transport_ || !setup_ || !line_down_.empty() || over_) {
    return;
  }
  try {
    if (!closing_) {
      ask_last(last, until);
      std::string frames;
      append_connection_close(frames);
      closing_ = true;
      outbox_.append(frames);
    }
    do {
      // Late replies are read past.
      static_cast<void>(next(until));
    } while (!closed_ && line_down_.empty() && Clock::now() < until);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) {
      throw;
    }
  }
  transport_.reset();
}

/// Returns when all is answered and has settled, or when `until` has passed.
void Connection::ask_last(const std::vector<Request>& last, Clock::time_point until) {
  if (last.empty()) {
    return;
  }
  // What waits for its turn is nobody's concern now.
  inquiries_.resize(inquiring_ ? 1 : 0);
  const auto in_time = [this, until] { return line_down_.empty() && Clock::now() < until; };
  // A binding that is being made on the other channel must be there before it can be undone.
  while ((!ready() || inquiring_) && in_time()) {
    static_cast<void>(next(until));
  }
  if (!ready() || inquiring_) {
    return;
  }
  if (!last_asked_) {
    last_asked_ = true;
    for (const Request& one : last) {
      main_channel_closed_ ? inquire(one) : request(one);
    }
  }
  while ((asked_ > 0 || inquiring_) && in_time()) {
    static_cast<void>(next(until));
  }
  settle(until);
}

/// A message that was routed before its queue was unbound is delivered to it afterwards, and
/// nothing tells which is the last one.
void Connection::settle(Clock::time_point until) {
  until = std::min(until, Clock::now() + settling_time_max);
  Clock::time_point settled = Clock::now() + settling_time;
  while (line_down_.empty() && Clock::now() < std::min(settled, until)) {
    if (next(std::min(settled, until))) {
      settled = Clock::now() + settling_time;
    }
  }
}

}  // namespace miko::amqp
