#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "nameko/reply.h"

namespace miko::nameko {

/// One call that waits for its reply.
struct Call {
  std::string service = {};
  std::string method = {};
  std::string correlation_id = {};
  std::uint64_t publish_number = 0;  ///< counts messages of the connection, from 1
  bool confirmed = false;            ///< the broker has it
  bool expires = true;               ///< it leaves the queue at its deadline
  Clock::duration timeout = {};      ///< as messages name it
  Clock::time_point started = {};
  Clock::time_point deadline = {};
  std::function<void(Reply)> done = {};
};

/// The calls in flight; no two have the same number or id. Pure: time is passed in.
class Calls {
 public:
  void add(Call&& call);

  /// Takes the call out; nothing if the id is unknown: too late, a double, or not ours.
  std::optional<Call> take(std::string_view correlation_id);

  /// Takes out every call whose deadline is `now` or earlier, the earliest first.
  std::vector<Call> expire(Clock::time_point now);

  /// Takes out all of them, in order of publishing.
  std::vector<Call> take_all();

  /// Marks what the broker confirmed; with `multiple` all up to this number.
  void confirm(std::uint64_t publish_number, bool multiple);

  /// The id of a call by its publish number.
  [[nodiscard]] std::optional<std::string> find(std::uint64_t publish_number) const;

  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const;
  [[nodiscard]] std::size_t size() const { return calls_.size(); }
  [[nodiscard]] bool empty() const { return calls_.empty(); }

 private:
  std::map<std::uint64_t, Call>::node_type extract(std::uint64_t publish_number);

  std::map<std::uint64_t, Call> calls_ = {};                              ///< by publish number
  std::unordered_map<std::string_view, std::uint64_t> numbers_ = {};      ///< by id, in calls_
  std::set<std::pair<Clock::time_point, std::uint64_t>> deadlines_ = {};  ///< with the number
  std::uint64_t confirmed_up_to_ = 0;  ///< every call of this number or a lower one is confirmed
};

}  // namespace miko::nameko
