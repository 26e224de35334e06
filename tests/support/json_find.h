#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace miko::test {

/// The value of the last member whose decoded key is `name`; views into `object`, which must be a
/// checked object.
inline std::optional<std::string_view> json_find(std::string_view object, std::string_view name) {
  std::optional<std::string_view> found;
  for (const JsonMember& member : json_members(object)) {
    if (json_decode_string(member.key) == name) {
      found = member.value;
    }
  }
  return found;
}

}  // namespace miko::test
