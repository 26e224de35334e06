#include "nameko/confirms.h"

#include <algorithm>
#include <utility>

namespace miko::nameko {

void Confirms::add(Unconfirmed message) {
  if (messages_.empty()) {
    first_ = message.number;
  }
  messages_.emplace_back(std::move(message));
  ++waiting_;
}

std::optional<Unconfirmed>* Confirms::find(std::uint64_t number) {
  const bool known = number >= first_ && number - first_ < messages_.size();
  return known ? &messages_[number - first_] : nullptr;
}

void Confirms::note_returned(std::uint64_t number) {
  if (std::optional<Unconfirmed>* const found = find(number); found != nullptr && *found) {
    (*found)->returned = true;
  }
}

std::vector<Unconfirmed> Confirms::take(std::uint64_t number, bool multiple) {
  std::vector<Unconfirmed> taken;
  const auto take_one = [&taken](std::optional<Unconfirmed>& message) {
    if (message) {
      taken.push_back(std::move(*message));
      message.reset();
    }
  };
  if (!multiple) {
    if (std::optional<Unconfirmed>* const found = find(number); found != nullptr) {
      take_one(*found);
    }
  } else if (number >= first_) {
    const std::uint64_t count = std::min<std::uint64_t>(number - first_ + 1, messages_.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      take_one(messages_[i]);
    }
  }
  waiting_ -= taken.size();
  drop_taken();
  return taken;
}

std::vector<Unconfirmed> Confirms::take_all() {
  return messages_.empty() ? std::vector<Unconfirmed>() : take(first_ + messages_.size() - 1, true);
}

void Confirms::drop_taken() {
  while (!messages_.empty() && !messages_.front()) {
    messages_.pop_front();
    ++first_;
  }
}

std::optional<Clock::time_point> Confirms::next_deadline() const {
  return messages_.empty() ? std::nullopt : std::optional(messages_.front()->deadline);
}

}  // namespace miko::nameko
