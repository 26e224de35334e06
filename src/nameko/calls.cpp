#include "nameko/calls.h"

#include <algorithm>
#include <utility>

namespace miko::nameko {

void Calls::add(Call&& call) {
  const std::uint64_t number = call.publish_number;
  const Call& kept = calls_.emplace_hint(calls_.end(), number, std::move(call))->second;
  numbers_.emplace(kept.correlation_id, number);
  deadlines_.emplace(kept.deadline, number);
}

std::optional<Call> Calls::take(std::string_view correlation_id) {
  const auto found = numbers_.find(correlation_id);
  if (found == numbers_.end()) {
    return std::nullopt;
  }
  return std::move(extract(found->second).mapped());
}

std::map<std::uint64_t, Call>::node_type Calls::extract(std::uint64_t publish_number) {
  const auto found = calls_.find(publish_number);
  numbers_.erase(found->second.correlation_id);
  deadlines_.erase({found->second.deadline, publish_number});
  return calls_.extract(found);
}

std::vector<Call> Calls::expire(Clock::time_point now) {
  std::vector<Call> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    expired.push_back(std::move(extract(deadlines_.begin()->second).mapped()));
  }
  return expired;
}

std::vector<Call> Calls::take_all() {
  std::vector<Call> all;
  all.reserve(calls_.size());
  for (auto& [number, call] : calls_) {
    all.push_back(std::move(call));
  }
  numbers_.clear();
  deadlines_.clear();
  calls_.clear();
  return all;
}

void Calls::confirm(std::uint64_t publish_number, bool multiple) {
  auto first = calls_.lower_bound(multiple ? confirmed_up_to_ + 1 : publish_number);
  for (; first != calls_.end() && first->first <= publish_number; ++first) {
    first->second.confirmed = true;
  }
  if (multiple) {
    confirmed_up_to_ = std::max(confirmed_up_to_, publish_number);
  }
}

std::optional<std::string> Calls::find(std::uint64_t publish_number) const {
  const auto found = calls_.find(publish_number);
  if (found == calls_.end() || found->second.confirmed) {
    return std::nullopt;
  }
  return found->second.correlation_id;
}

std::optional<Clock::time_point> Calls::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

}  // namespace miko::nameko
