#pragma once

// What the fuzz targets share. A target is a file with LLVMFuzzerTestOneInput in it; it is linked
// with clang's libFuzzer to search, and with replay.cpp to repeat what was found.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace miko::fuzz {

/// Ends the process by abort(), which is how a target reports a finding, unless `condition` holds.
/// `evidence` is shown with it.
void require(bool condition, std::string_view what, std::string_view evidence = {});

/// Requires that `text` is UTF-8 without anything a terminal acts on; "\n" too is refused.
void require_showable(std::string_view what, std::string_view text);

/// Requires that `json` is JSON and is printed to its end. It may be a few levels deeper than what
/// comes from outside.
void require_json(std::string_view what, std::string_view json, JsonDialect dialect);

/// Requires that message and hint are showable, and that the kind is one of `kinds`.
void require_failure(const Failure& failure, std::initializer_list<ErrorKind> kinds);

/// Requires Error{usage} of whatever `run` throws. Returns whether it threw nothing.
template <class Run>
bool succeeds_or_is_usage_error(const Run& run) {
  try {
    run();
    return true;
  } catch (const Error& error) {
    require_failure(error.failure(), {ErrorKind::usage});
    require(error.failure().executed == Executed::no, "a usage error that has executed something");
    return false;
  }
}

/// Takes values off the front of an input; zeros and empty pieces when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  unsigned u8();
  unsigned u16();
  /// At most `size` bytes.
  std::string_view take(std::size_t size);
  /// Everything before the next `end`, which is dropped, or everything.
  std::string_view take_until(char end);
  std::string_view take_rest() { return take(left_.size()); }

 private:
  std::string_view left_;
};

}  // namespace miko::fuzz
