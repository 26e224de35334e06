#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace miko {

/// Version of RapidJSON.
[[nodiscard]] std::string_view rapidjson_version();

/// Builds compact JSON of miko's own: envelopes, error objects, dry runs.
///
///     JsonWriter json;
///     json.begin_object();
///     json.key("ok").boolean(true);
///     json.key("result").raw(result);
///     json.end_object();
class JsonWriter {
 public:
  JsonWriter();
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  /// Any bytes; written as json_quote() writes them.
  JsonWriter& text(std::string_view value);
  /// null for a text that is empty.
  JsonWriter& text_or_null(std::string_view value);
  JsonWriter& integer(long long value);
  JsonWriter& integer_or_null(std::optional<long long> value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// `json` is a checked value and is copied as it is.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] std::string str() const;

  /// Hands over what was written since the last take(), so that something large may follow that is
  /// written elsewhere, as the value of a key that was given raw(""). When the value is complete
  /// the next one may begin.
  void take(const JsonSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace miko
