#include "fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace miko::fuzz {

void require(bool condition, std::string_view what, std::string_view evidence) {
  if (condition) {
    return;
  }
  const std::string shown = printable(evidence);
  std::fprintf(stderr, "\nFOUND: %.*s%s%s\n", static_cast<int>(what.size()), what.data(),
               shown.empty() ? "" : ": ", shown.c_str());
  std::abort();
}

void require_showable(std::string_view what, std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::optional<CodePoint> code = decode_utf8(rest);
    require(code.has_value(), std::string(what) + " is not UTF-8", text);
    require(!is_terminal_control(code->value), std::string(what) + " has a control character",
            text);
    rest.remove_prefix(code->bytes);
  }
}

void require_json(std::string_view what, std::string_view json, JsonDialect dialect) {
  const std::optional<JsonFault> fault = find_json_fault(json, dialect);
  require(!fault || fault->what == "nested too deep", std::string(what) + " is not JSON", json);
  const auto closed = [](std::string_view text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c == ']' || c == '}'; });
  };
  require(closed(json_format(json, JsonLayout::compact)) == closed(json),
          std::string(what) + " is not printed to its end", json);
}

void require_failure(const Failure& failure, std::initializer_list<ErrorKind> kinds) {
  require(std::find(kinds.begin(), kinds.end(), failure.kind) != kinds.end(),
          "a failure of unexpected kind " + std::string(error_code(failure.kind)), failure.message);
  require(!failure.message.empty(), "a failure without message");
  require_showable("a message", failure.message);
  require_showable("a hint", failure.hint);
  require_showable("a source line", failure.source.text);
}

unsigned Input::u8() {
  const std::string_view byte = take(1);
  return byte.empty() ? 0U : static_cast<std::uint8_t>(byte[0]);
}

unsigned Input::u16() {
  const unsigned high = u8();
  return high << 8U | u8();
}

std::string_view Input::take(std::size_t size) {
  const std::string_view piece = left_.substr(0, size);
  left_.remove_prefix(piece.size());
  return piece;
}

std::string_view Input::take_until(char end) {
  const std::string_view piece = take(std::min(left_.find(end), left_.size()));
  take(1);
  return piece;
}

}  // namespace miko::fuzz
