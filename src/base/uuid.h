#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace miko {

/// A random version 4 UUID, e.g. "8596fc13-0d73-48f2-a6e2-a43242ce565f".
std::string random_uuid();

/// Many of them, of randomness that is asked from the system for a hundred at a time. Not to be
/// used on both sides of a fork(), where they would be the same.
class UuidSource {
 public:
  std::string next();

 private:
  std::array<std::uint8_t, 1600> bytes_ = {};
  std::size_t used_ = bytes_.size();
};

}  // namespace miko
