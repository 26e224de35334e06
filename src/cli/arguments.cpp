#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace miko::cli {
namespace {

std::string shown(std::string_view word) {
  return shown_word(word, 60);
}

/// The line of `text` around `offset` with a caret, short enough for a screen.
SourcePosition position_of(std::string_view text, std::size_t offset) {
  constexpr std::size_t before_max = 50;
  constexpr std::size_t after_max = 25;
  const std::string_view head = text.substr(0, offset);
  const std::size_t line_start = head.rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t line_end = std::min(text.find('\n', offset), text.size());

  const auto characters = [](std::string_view part) {
    return static_cast<std::size_t>(
        std::count_if(part.begin(), part.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  };
  std::size_t from = std::max(line_start, offset - std::min(offset, before_max));
  while (from < offset && (text[from] & 0xc0) == 0x80) {
    ++from;
  }
  const std::string left = printable(text.substr(from, offset - from));
  const std::string right = shortened(printable(text.substr(offset, line_end - offset)), after_max);
  return {.line = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')) + 1,
          .column = characters(text.substr(line_start, offset - line_start)) + 1,
          .text = left + right,
          .caret = std::string(characters(left), ' ') + '^'};
}

/// "text" in `key=text`, with how it is meant.
struct Item {
  std::string key = {};  ///< empty for a positional argument
  bool json = false;
  bool file = false;
  std::string value = {};
};

Item split_item(std::string_view what, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) {
    throw usage_error(fmt::format("{} '{}' has no '='", what, shown(word)),
                      "write KEY=TEXT or KEY:=JSON for a keyword argument, =TEXT or :=JSON for a "
                      "positional one");
  }
  const bool json = equals > 0 && word[equals - 1] == ':';
  const bool file = equals + 1 < word.size() && word[equals + 1] == '@';
  return {.key = word.substr(0, json ? equals - 1 : equals),
          .json = json,
          .file = file,
          .value = word.substr(equals + (file ? 2 : 1))};
}

/// Text as a JSON string; json_quote() alone would replace what is not UTF-8.
std::string quote_text(std::string_view what, std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::optional<CodePoint> code = decode_utf8(rest);
    if (!code) {
      throw usage_error(fmt::format("{} is not UTF-8 text", what));
    }
    rest.remove_prefix(code->bytes);
  }
  return json_quote(text);
}

/// The value of an item as JSON.
std::string item_json(std::string_view what, const Item& item, FileInput& input) {
  std::string text = item.file ? input.read(item.value) : item.value;
  if (item.json) {
    require_json(what, text);
    return text;
  }
  return quote_text(what, text);
}

/// "@FILE" and "@-" read, anything else as it is.
std::string text_or_file(const std::string& text, FileInput& input) {
  return text.starts_with('@') ? input.read(text.substr(1)) : text;
}

/// The same, checked to be JSON.
std::string json_or_file(std::string_view what, const std::string& text, FileInput& input) {
  std::string json = text_or_file(text, input);
  require_json(what, json);
  return json;
}

/// Collects values for one array and one object and refuses doubled keys. An array or object that
/// comes first is taken over, not copied: it may be large.
class Collector {
 public:
  void add_positional(std::string_view json) { append(args_, json); }

  void add_keyword(const std::string& key, std::string_view key_token, std::string_view json) {
    note_key(key);
    append(kwargs_, fmt::format("{}: ", key_token));
    kwargs_ += json;
  }

  void add_object(std::string object) {
    if (keys_.empty()) {
      for (const JsonMember& member : json_members(object)) {
        note_key(json_decode_string(member.key));
      }
      kwargs_ = without_end(std::move(object));
      return;
    }
    for (const JsonMember& member : json_members(object)) {
      add_keyword(json_decode_string(member.key), member.key, member.value);
    }
  }

  /// Only before any other positional argument.
  void add_array(std::string array) { args_ = without_end(std::move(array)); }

  [[nodiscard]] std::string take_args() { return std::move(args_ += ']'); }
  [[nodiscard]] std::string take_kwargs() { return std::move(kwargs_ += '}'); }

 private:
  void note_key(const std::string& key) {
    if (!keys_.insert(key).second) {
      throw usage_error(fmt::format("'{}' is given twice", shown(key)));
    }
  }

  /// A checked array or object without its closing bracket and the blanks around that and itself.
  static std::string without_end(std::string container) {
    constexpr std::string_view blanks = " \n\t\r";
    container.resize(container.find_last_not_of(blanks));
    container.resize(container.find_last_not_of(blanks) + 1);
    container.erase(0, container.find_first_not_of(blanks));
    return container;
  }

  static void append(std::string& list, std::string_view json) {
    // Only the opening bracket itself ends so.
    if (list.back() != '[' && list.back() != '{') {
      list += ", ";
    }
    list += json;
  }

  std::string args_ = "[";
  std::string kwargs_ = "{";
  std::set<std::string> keys_ = {};
};

/// A checked array or object; `what` names it.
void add_args(Collector& collector, std::string_view what, std::string text) {
  switch (json_type(text)) {
    case JsonType::array:
      collector.add_array(std::move(text));
      return;
    case JsonType::object:
      collector.add_object(std::move(text));
      return;
    default:
      throw usage_error(fmt::format("{} is neither a JSON array nor an object", what),
                        "an array holds positional arguments, an object keyword arguments: "
                        "[\"A-1\"] or {\"id\": 7}");
  }
}

/// A checked object.
void add_kwargs(Collector& collector, std::string_view what, std::string text) {
  if (json_type(text) != JsonType::object) {
    throw usage_error(fmt::format("{} is not a JSON object", what));
  }
  collector.add_object(std::move(text));
}

std::string context_json(const std::vector<std::string>& words, FileInput& input) {
  Collector collector;
  for (const std::string& word : words) {
    const Item item = split_item("--ctx", word);
    if (item.key.empty()) {
      throw usage_error(fmt::format("--ctx '{}' has no key", shown(word)),
                        "write --ctx KEY=TEXT or --ctx KEY:=JSON");
    }
    collector.add_keyword(item.key, quote_text("a --ctx key", item.key),
                          item_json(fmt::format("--ctx {}", shown(item.key)), item, input));
  }
  return collector.take_kwargs();
}

std::string headers_json(const std::vector<std::string>& words) {
  Collector collector;
  for (const std::string& word : words) {
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos || colon == 0) {
      throw usage_error(fmt::format("header '{}' is not NAME:TEXT", shown(word)),
                        "-H is a header; the broker's host is --host");
    }
    const std::string name = word.substr(0, colon);
    const std::size_t start = std::min(word.find_first_not_of(' ', colon + 1), word.size());
    collector.add_keyword(name, quote_text("a header name", name),
                          quote_text("a header", word.substr(start)));
  }
  return collector.take_kwargs();
}

}  // namespace

Target take_target(std::vector<std::string>& words, std::string_view what) {
  const auto is_name = [](const std::string& word) { return word.find('=') == std::string::npos; };
  const std::string how = what == "event" ? "write SERVICE EVENT or SERVICE.EVENT"
                                          : "write SERVICE METHOD or SERVICE.METHOD";
  if (words.empty() || !is_name(words.front())) {
    throw usage_error("no service named", how + " first");
  }
  Target target = {.service = words.front()};
  if (target.service.find("://") != std::string::npos) {
    throw usage_error(fmt::format("'{}' is no service", shown(target.service)),
                      "the broker is given with --broker or AMQP_URI");
  }
  if (words.size() > 1 && is_name(words[1])) {
    target.method = words[1];
    words.erase(words.begin(), words.begin() + 2);
    return target;
  }
  const std::size_t dot = target.service.rfind('.');
  if (dot == std::string::npos) {
    throw usage_error(fmt::format("no {} named for service '{}'", what, shown(target.service)),
                      how);
  }
  target.method = target.service.substr(dot + 1);
  target.service.resize(dot);
  words.erase(words.begin());
  return target;
}

Arguments parse_arguments(const ArgumentWords& words, FileInput& input) {
  Collector collector;
  if (words.args) {
    add_args(collector, "--args", json_or_file("--args", *words.args, input));
  }
  if (words.kwargs) {
    add_kwargs(collector, "--kwargs", json_or_file("--kwargs", *words.kwargs, input));
  }
  for (const std::string& word : words.items) {
    const Item item = split_item("argument", word);
    const std::string what =
        item.key.empty() ? "a positional argument" : fmt::format("argument {}", shown(item.key));
    const std::string json = item_json(what, item, input);
    if (item.key.empty()) {
      collector.add_positional(json);
    } else {
      collector.add_keyword(item.key, quote_text("a keyword", item.key), json);
    }
  }
  return {.args = collector.take_args(),
          .kwargs = collector.take_kwargs(),
          .context = context_json(words.context, input),
          .headers = headers_json(words.headers)};
}

Arguments parse_json_arguments(std::string_view args, std::string_view kwargs) {
  Collector collector;
  if (!args.empty()) {
    add_args(collector, "args", std::string(args));
  }
  if (!kwargs.empty()) {
    add_kwargs(collector, "kwargs", std::string(kwargs));
  }
  return {.args = collector.take_args(), .kwargs = collector.take_kwargs()};
}

Arguments parse_context_and_headers(const ArgumentWords& words, FileInput& input) {
  return {.context = context_json(words.context, input), .headers = headers_json(words.headers)};
}

void require_json(std::string_view what, std::string_view text) {
  const std::optional<JsonFault> fault = find_json_fault(text, JsonDialect::strict);
  if (!fault) {
    return;
  }
  SourcePosition position = position_of(text, fault->offset);
  throw Error({.kind = ErrorKind::usage,
               .message = fmt::format("{} is not JSON at line {}, column {}: {}", what,
                                      position.line, position.column, fault->what),
               .hint = text.empty() ? "it is empty" : "",
               .source = std::move(position)});
}

void require_json_value(std::string_view text, std::size_t line) {
  try {
    require_json("the value", text);
  } catch (const Error& error) {
    // Its position counts from the start of the value.
    Failure failure = error.failure();
    failure.source.line += line - 1;
    const std::optional<JsonFault> fault = find_json_fault(text, JsonDialect::strict);
    failure.message = fmt::format("not JSON at line {}, column {}: {}", failure.source.line,
                                  failure.source.column, fault ? fault->what : "");
    throw Error(std::move(failure));
  }
}

}  // namespace miko::cli
