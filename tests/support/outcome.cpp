#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "support/process.h"

namespace miko::test {
namespace {

/// Numbers as strings, so that a test sees the digits and not what a double makes of them.
constexpr unsigned parse_flags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseFullPrecisionFlag;

bool is_object(const std::string& line, rapidjson::Document& document) {
  document.Parse<parse_flags>(line.c_str());
  return !document.HasParseError() && document.IsObject();
}

std::string text_of(const rapidjson::Value& value) {
  if (value.IsString()) {
    return {value.GetString(), value.GetStringLength()};
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

}  // namespace

std::string Outcome::error(std::string_view json_pointer) const {
  std::string rest = err;
  while (!rest.empty()) {
    if (rest.back() == '\n') {
      rest.pop_back();
    }
    const std::size_t start = rest.rfind('\n') + 1;
    rapidjson::Document document;
    if (is_object(rest.substr(start), document)) {
      const rapidjson::Pointer pointer(json_pointer.data(), json_pointer.size());
      const rapidjson::Value* value = pointer.Get(document);
      return value == nullptr ? "<missing>" : text_of(*value);
    }
    rest.resize(start);
  }
  return "<no JSON on stderr>";
}

}  // namespace miko::test
