#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fault/fault_call.h"
#include "support/eventually.h"
#include "support/lab.h"

namespace miko::test {

/// Calls `words` ("greeting", "hello", "name=Ann", ...) at `uri`.
inline Outcome call_at(const std::string& uri, std::vector<std::string> words,
                       MikoOptions how = {}) {
  words.insert(words.begin(), "call");
  words.insert(words.end(), {"--broker", uri});
  return miko(std::move(words), std::move(how));
}

}  // namespace miko::test
