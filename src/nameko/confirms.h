#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace miko::nameko {

/// A published message of which the broker has not said yet that it has it.
struct Unconfirmed {
  std::uint64_t number = 0;  ///< counts messages of the connection, from 1
  Clock::time_point deadline = {};
  bool returned = false;  ///< no queue wanted it
  std::function<void(std::optional<Failure>)> done = {};
};

/// The messages in flight to the broker, in the order in which they were published. Pure.
class Confirms {
 public:
  /// The number of `message` is one above that of the last one.
  void add(Unconfirmed message);

  /// Notes that the broker returned a message; unknown numbers are ignored.
  void note_returned(std::uint64_t number);

  /// Takes out what the broker speaks of: one message, with `multiple` all up to it.
  std::vector<Unconfirmed> take(std::uint64_t number, bool multiple);

  /// Takes out all of them.
  std::vector<Unconfirmed> take_all();

  /// When the oldest one is to be given up.
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const;
  [[nodiscard]] std::size_t size() const { return waiting_; }
  [[nodiscard]] bool empty() const { return waiting_ == 0; }

 private:
  [[nodiscard]] std::optional<Unconfirmed>* find(std::uint64_t number);
  void drop_taken();

  /// Those taken out leave a hole until all before them are gone, so the first has a message.
  std::deque<std::optional<Unconfirmed>> messages_ = {};
  std::uint64_t first_ = 0;  ///< number of the first in `messages_`
  std::size_t waiting_ = 0;
};

}  // namespace miko::nameko
