#pragma once

#include <chrono>
#include <thread>

namespace miko::test {

/// Whether `condition()` becomes true within a generous bound. For what happens elsewhere and sends
/// no signal when it does: a queue that disappears at the broker, a line in a file.
template <typename Condition>
bool eventually(Condition condition, std::chrono::milliseconds bound = std::chrono::seconds(10)) {
  const auto give_up = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace miko::test
