#include "nameko/calls.h"

#include <algorithm>

namespace miko::nameko {

void Calls::add(Call call) {
  deadlines_.emplace(call.deadline, call.correlation_id);
  unconfirmed_.emplace(call.publish_number, call.correlation_id);
  std::string id = call.correlation_id;
  calls_.emplace(std::move(id), std::move(call));
}

std::optional<Call> Calls::take(const std::string& correlation_id) {
  const auto found = calls_.find(correlation_id);
  if (found == calls_.end()) {
    return std::nullopt;
  }
  Call call = std::move(found->second);
  calls_.erase(found);
  deadlines_.erase({call.deadline, call.correlation_id});
  unconfirmed_.erase({call.publish_number, call.correlation_id});
  return call;
}

std::vector<Call> Calls::expire(Clock::time_point now) {
  std::vector<Call> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::string id = deadlines_.begin()->second;
    expired.push_back(*take(id));
  }
  return expired;
}

std::vector<Call> Calls::take_all() {
  std::vector<Call> all;
  all.reserve(calls_.size());
  for (auto& [id, call] : calls_) {
    all.push_back(std::move(call));
  }
  calls_.clear();
  deadlines_.clear();
  unconfirmed_.clear();
  std::sort(all.begin(), all.end(), [](const Call& left, const Call& right) {
    return left.publish_number < right.publish_number;
  });
  return all;
}

void Calls::confirm(std::uint64_t publish_number, bool multiple) {
  auto first = multiple ? unconfirmed_.begin() : unconfirmed_.lower_bound({publish_number, ""});
  while (first != unconfirmed_.end() && first->first <= publish_number) {
    calls_.at(first->second).confirmed = true;
    first = unconfirmed_.erase(first);
  }
}

std::optional<std::string> Calls::find(std::uint64_t publish_number) const {
  const auto found = unconfirmed_.lower_bound({publish_number, ""});
  if (found == unconfirmed_.end() || found->first != publish_number) {
    return std::nullopt;
  }
  return found->second;
}

std::optional<Clock::time_point> Calls::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

}  // namespace miko::nameko
