#include "cli/transactions.h"

#include <algorithm>
#include <utility>

namespace miko::cli {
namespace {

std::size_t count_of(const CallTree& tree) {
  std::size_t count = 1;
  for (const CallTree& call : tree.calls) {
    count += count_of(call);
  }
  return count;
}

std::size_t bytes_of(const CallTree& tree) {
  std::size_t bytes = tree.exchange.size();
  for (const CallTree& call : tree.calls) {
    bytes += bytes_of(call);
  }
  return bytes;
}

}  // namespace

std::optional<CallTree> Transactions::add(Exchange exchange) {
  CallTree tree = {.exchange = std::move(exchange)};
  if (auto calls = held_.extract(tree.exchange.number); !calls.empty()) {
    tree.calls = std::move(calls.mapped());
    for (const CallTree& call : tree.calls) {
      held_count_ -= count_of(call);
      held_bytes_ -= bytes_of(call);
    }
    std::sort(tree.calls.begin(), tree.calls.end(), [](const CallTree& a, const CallTree& b) {
      return a.exchange.number < b.exchange.number;
    });
  }
  const std::size_t count = count_of(tree);
  const std::size_t bytes = bytes_of(tree);
  const bool fits =
      held_count_ + count <= bounds_.held_max && held_bytes_ + bytes <= bounds_.bytes_max;
  if (tree.exchange.parent_number == 0 || !fits) {
    return tree;
  }
  held_count_ += count;
  held_bytes_ += bytes;
  held_[tree.exchange.parent_number].push_back(std::move(tree));
  return std::nullopt;
}

}  // namespace miko::cli
