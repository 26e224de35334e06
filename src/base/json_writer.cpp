#include "base/json_writer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "base/text.h"

namespace miko {

std::string_view rapidjson_version() {
  return RAPIDJSON_VERSION_STRING;
}

namespace {

class Writer : public rapidjson::Writer<rapidjson::StringBuffer> {
 public:
  explicit Writer(rapidjson::StringBuffer& buffer)
      : rapidjson::Writer<rapidjson::StringBuffer>(buffer) {}

  /// A string in which nothing needs an escape: copied in one piece, not byte by byte.
  void plain_string(std::string_view value) {
    Prefix(rapidjson::kStringType);
    char* const room = os_->Push(value.size() + 2);
    room[0] = '"';
    std::copy(value.begin(), value.end(), room + 1);
    room[value.size() + 1] = '"';
  }
};

}  // namespace

struct JsonWriter::State {
  rapidjson::StringBuffer buffer = {};
  Writer writer{buffer};
};

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}
JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::begin_object() {
  state_->writer.StartObject();
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  state_->writer.EndObject();
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  state_->writer.StartArray();
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  state_->writer.EndArray();
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  return text(name);
}

JsonWriter& JsonWriter::text(std::string_view value) {
  if (plain_prefix(value) == value.size()) {
    state_->writer.plain_string(value);
    return *this;
  }
  // RapidJSON would pass invalid UTF-8, DEL and C1 through to the reader's terminal.
  const std::string token = json_quote(value);
  state_->writer.RawValue(token.data(), token.size(), rapidjson::kStringType);
  return *this;
}

JsonWriter& JsonWriter::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

JsonWriter& JsonWriter::integer(long long value) {
  state_->writer.Int64(value);
  return *this;
}

JsonWriter& JsonWriter::integer_or_null(std::optional<long long> value) {
  return value ? integer(*value) : null();
}

JsonWriter& JsonWriter::boolean(bool value) {
  state_->writer.Bool(value);
  return *this;
}

JsonWriter& JsonWriter::null() {
  state_->writer.Null();
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  state_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

std::string JsonWriter::str() const {
  return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

void JsonWriter::take(const JsonSink& sink) {
  sink({state_->buffer.GetString(), state_->buffer.GetSize()});
  state_->buffer.Clear();
  if (state_->writer.IsComplete()) {
    state_->writer.Reset(state_->buffer);
  }
}

}  // namespace miko
