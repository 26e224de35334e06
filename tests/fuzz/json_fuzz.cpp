// What is typed behind `miko call`. Input: words ended by NUL; the first character of each says
// what it is: s service, m method, a --args, k --kwargs, i ITEM, H header, c --ctx.

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "amqp/codec.h"
#include "base/json.h"
#include "cli/arguments.h"
#include "fuzz/fuzz.h"
#include "nameko/rpc.h"

namespace miko::fuzz {
namespace {

constexpr std::size_t frame_max = 131072;

struct Words {
  std::string service = "service";
  std::string method = "method";
  cli::ArgumentWords arguments = {};
};

/// Reading files is not what this is about.
bool names_a_file(std::string_view word) {
  return word.starts_with('@') || word.find("=@") != std::string_view::npos;
}

Words read_words(Input& input) {
  Words words;
  while (!input.empty()) {
    const unsigned kind = input.u8();
    const std::string word(input.take_until('\0'));
    if (names_a_file(word)) {
      continue;
    }
    if (kind == 's') {
      words.service = word;
    } else if (kind == 'm') {
      words.method = word;
    } else if (kind == 'a') {
      words.arguments.args = word;
    } else if (kind == 'k') {
      words.arguments.kwargs = word;
    } else if (kind == 'H') {
      words.arguments.headers.push_back(word);
    } else if (kind == 'c') {
      words.arguments.context.push_back(word);
    } else {
      words.arguments.items.push_back(word);
    }
  }
  return words;
}

/// Compares the scanner with RapidJSON's, except where that one is known to be wrong: it refuses
/// lone high surrogates and numbers over 1.8e308, takes NUL for the end, and knows no depth limit.
void compare_with_rapidjson(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return;
  }
  rapidjson::MemoryStream input(text.data(), text.size());
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> ignore;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag |
                             rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult theirs = reader.Parse<flags>(input, ignore);
  const std::optional<JsonFault> ours = find_json_fault(text, JsonDialect::strict);
  if (ours) {
    require(theirs.IsError() || ours->what == "nested too deep", "only RapidJSON takes it", text);
    require(ours->offset <= text.size(), "a fault behind the end", text);
  } else {
    require(!theirs.IsError() || theirs.Code() == rapidjson::kParseErrorNumberTooBig ||
                theirs.Code() == rapidjson::kParseErrorStringUnicodeSurrogateInvalid,
            "RapidJSON does not take it", text);
  }
}

/// What goes on the wire is read back as a broker would.
void check_frames(const amqp::Message& message) {
  std::string frames;
  amqp::append_publish(frames, message, frame_max);
  std::string_view rest = frames;
  const std::optional<amqp::Frame> method = amqp::take_frame(rest, frame_max);
  const std::optional<amqp::Frame> header = amqp::take_frame(rest, frame_max);
  require(method && header && rest.empty(), "not two whole frames", frames);
  const amqp::ContentHeader read = amqp::Decoder().content_header(header->payload);
  require(read.body_size == message.body.size(), "another body size");
  require(read.properties.content_type == "application/json", "another content type");
  require(read.properties.correlation_id == "id", "another correlation id");
  require(read.properties.reply_to == "reply", "another reply key");
}

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  const fuzz::Words words = fuzz::read_words(input);
  for (const auto& text : {words.arguments.args, words.arguments.kwargs}) {
    if (text) {
      fuzz::compare_with_rapidjson(*text);
    }
  }
  for (const std::string& item : words.arguments.items) {
    fuzz::compare_with_rapidjson(
        std::string_view(item).substr(std::min(item.find('='), item.size())));
  }

  const Loop loop;
  cli::FileInput files(loop, Clock::now());
  Arguments arguments;
  if (!fuzz::succeeds_or_is_usage_error(
          [&] { arguments = cli::parse_arguments(words.arguments, files); })) {
    return 0;
  }
  for (const std::string& json :
       {arguments.args, arguments.kwargs, arguments.context, arguments.headers}) {
    fuzz::require_json("an argument", json, JsonDialect::strict);
  }

  amqp::Message message;
  const bool encoded = fuzz::succeeds_or_is_usage_error([&] {
    message = nameko::encode_request(
        "nameko-rpc", words.service, words.method, arguments,
        {.correlation_id = "id", .reply_to = "reply", .call_id = "miko.call.id"},
        std::chrono::seconds(5));
    fuzz::check_frames(message);
  });
  if (encoded) {
    fuzz::require_json("a body", message.body, JsonDialect::strict);
    fuzz::require(json_find(message.body, "args") == arguments.args, "other args", message.body);
    fuzz::require(json_find(message.body, "kwargs") == arguments.kwargs, "other kwargs",
                  message.body);
    fuzz::require_json("a dry run", nameko::describe(message), JsonDialect::strict);
    fuzz::require_showable("a dry run",
                           json_format(nameko::describe(message), JsonLayout::compact));
  }
  return 0;
}
