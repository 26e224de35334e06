#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "nameko/tap.h"

namespace miko::cli {

/// A call and the calls that were made during it, in the order of their requests.
struct CallTree {
  Exchange exchange = {};
  std::vector<CallTree> calls = {};
};

/// How many calls may wait for the end of the one during which they were made, and their bytes.
struct TransactionBounds {
  std::size_t held_max = 10'000;
  std::size_t bytes_max = 64UL * 1024 * 1024;
};

/// Puts calls together that belong to one transaction. Pure.
class Transactions {
 public:
  explicit Transactions(TransactionBounds bounds = {}) : bounds_(bounds) {}

  /// Takes the next exchange that ended. Returns the transaction that is complete with it; a call
  /// for which there is no room is a transaction of its own.
  std::optional<CallTree> add(Exchange exchange);

 private:
  TransactionBounds bounds_;
  /// By the number of the request during which they were made.
  std::map<std::uint64_t, std::vector<CallTree>> held_ = {};
  std::size_t held_count_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace miko::cli
