// The input of miko batch. Input: a byte with options (1: service and method are known; the upper
// four bits: the size of the pieces in which the text arrives), then the text.

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/json_stream.h"
#include "cli/batch_call.h"
#include "fuzz/fuzz.h"

namespace miko::fuzz {
namespace {

struct Value {
  std::string text = {};
  std::size_t line = 0;
  bool broken = false;  ///< no JSON, so the rest of its line was passed over

  bool operator==(const Value&) const = default;
};

void check_call(const cli::BatchCall& call) {
  for (const std::string& json : {call.arguments.args, call.arguments.kwargs,
                                  call.arguments.context, call.arguments.headers, call.id}) {
    require_json("a part of a call", json, JsonDialect::strict);
  }
}

/// Reads one value as a batch does. Returns whether it is JSON.
bool read_value(std::string_view text, std::size_t line, bool named) {
  cli::BatchCall call;
  const bool read = succeeds_or_is_usage_error([&] {
    named ? cli::read_batch_arguments(text, line, call) : cli::read_batch_call(text, line, call);
  });
  const bool is_json = !find_json_fault(text, JsonDialect::strict);
  require(is_json || !read, "a call that is no JSON", text);
  if (read) {
    require(named || !(call.target.service.empty() || call.target.method.empty()),
            "a call without a name", text);
    check_call(call);
  }
  return is_json;
}

/// What a batch reads when `text` arrives in pieces of `piece` bytes.
std::vector<Value> values_of(std::string_view text, std::size_t piece, bool named) {
  JsonStream stream;
  std::vector<Value> values;
  const auto take = [&] {
    while (const std::optional<JsonStream::Value> next = stream.next()) {
      require(!next->text.empty(), "a value without text", text);
      Value value = {.text = std::string(next->text), .line = next->line};
      value.broken = !read_value(value.text, value.line, named);
      if (value.broken) {
        stream.skip_line();
      }
      values.push_back(std::move(value));
    }
  };
  while (!text.empty()) {
    stream.append(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    take();
  }
  stream.finish();
  take();
  require(stream.pending() == 0, "something is left over");
  return values;
}

/// Each value stands in the text, behind the one before it and on the line that is said.
void check_places(const std::vector<Value>& values, std::string_view text) {
  std::size_t from = 0;
  std::size_t line = 1;
  for (const Value& value : values) {
    const std::size_t at = text.find(value.text, from);
    require(at != std::string_view::npos, "a value that is not in the text", value.text);
    const auto lines_up_to = [&](std::size_t end) {
      return std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                        text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    };
    require(value.line >= line + static_cast<std::size_t>(lines_up_to(at)), "on an earlier line",
            value.text);
    line += static_cast<std::size_t>(lines_up_to(at + value.text.size()));
    from = at + value.text.size();
  }
}

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  const unsigned options = input.u8();
  const bool named = (options & 1U) != 0;
  const std::size_t piece = (options >> 4U) + 1;
  const std::string_view text = input.take_rest();

  const std::vector<fuzz::Value> values = fuzz::values_of(text, text.size() + 1, named);
  fuzz::check_places(values, text);
  fuzz::require(fuzz::values_of(text, piece, named) == values, "pieces make a difference", text);
  if (!find_json_fault(text, JsonDialect::strict)) {
    fuzz::require(values.size() == 1, "one value is cut in pieces", text);
  }
  return 0;
}
