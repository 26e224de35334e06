#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amqp/message.h"
#include "base/clock.h"
#include "nameko/exchange.h"

namespace miko::nameko {

/// How many requests may wait for their replies, and how many bytes of them are kept.
struct PairBounds {
  std::size_t waiting_max = 10'000;
  std::size_t bytes_max = 64UL * 1024 * 1024;
};

/// Puts the requests and replies that pass by together, by correlation id. Pure: time is passed in.
///
/// Who called whom is found by the call id stack. A request carries the ids of its caller and of
/// the caller's callers, but not the id its service will run it under; that one shows when the
/// service makes calls itself. Where one caller has the same method running more than once, the
/// oldest of them is taken for the one that makes the first call.
class ExchangePairs {
 public:
  explicit ExchangePairs(Clock::duration reply_timeout, PairBounds bounds = {})
      : reply_timeout_(reply_timeout), bounds_(bounds) {}

  /// A request that passed by at `now`, with its headers.
  void request(const amqp::Delivery& delivery, Clock::time_point now);

  /// A reply that passed by at `now`.
  void reply(amqp::Delivery delivery, Clock::time_point now);

  /// Gives up every request without reply for whom it is time.
  void expire(Clock::time_point now);

  /// What is complete or was given up since the last take().
  [[nodiscard]] std::vector<Exchange> take() { return std::exchange(finished_, {}); }

  /// When expire() will have something to do.
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const;

  /// Requests without reply so far.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  /// Replies to requests that were not seen, or had been given up.
  [[nodiscard]] std::uint64_t unmatched_replies() const { return unmatched_replies_; }

 private:
  void find_parent(Exchange& exchange);
  void give_up(std::uint64_t number, Clock::time_point now, std::string message);
  Exchange remove(std::uint64_t number);

  Clock::duration reply_timeout_;
  PairBounds bounds_;
  std::uint64_t last_number_ = 0;
  /// Oldest first, by number.
  std::map<std::uint64_t, Exchange> waiting_ = {};
  std::size_t waiting_bytes_ = 0;
  std::unordered_map<std::string, std::uint64_t> by_correlation_id_ = {};
  std::unordered_map<std::string, std::uint64_t> by_call_id_ = {};
  /// Requests whose call id is not known, by what the stack of a call made by them will show.
  std::map<std::string, std::set<std::uint64_t>> possible_parents_ = {};
  std::vector<Exchange> finished_ = {};
  std::uint64_t unmatched_replies_ = 0;
};

}  // namespace miko::nameko
