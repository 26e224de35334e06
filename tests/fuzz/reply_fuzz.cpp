// Replies as a service sends them. Input: service, method, content type and content encoding, each
// ended by a newline, then the body. Without a service the reply is one over the limit.

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"
#include "fuzz/fuzz.h"
#include "nameko/rpc.h"

namespace miko::fuzz {
namespace {

void remove_all(std::string& text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) {
    text.erase(at, part.size());
  }
}

void require_showable_lines(std::string_view what, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    require_showable(what, line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

void check_layouts(std::string_view json) {
  const std::string compact = json_format(json, JsonLayout::compact);
  require_showable("compact JSON", compact);
  require_json("what is printed compact", compact, JsonDialect::python);
  require(json_format(compact, JsonLayout::compact) == compact, "compact JSON is not stable",
          compact);

  const std::string indented = json_format(json, JsonLayout::indented);
  require_showable_lines("indented JSON", indented);
  require_json("what is printed indented", indented, JsonDialect::python);
  require(json_format(compact, JsonLayout::indented) == indented,
          "compact and indented JSON differ", indented);

  std::string coloured = json_format(json, JsonLayout::indented_colour);
  for (const std::string_view sequence : {"\x1b[34;1m", "\x1b[32m", "\x1b[33m", "\x1b[0m"}) {
    remove_all(coloured, sequence);
  }
  require(coloured == indented, "colours change the text", coloured);
}

void check_strings(std::string_view json) {
  if (json_type(json) == JsonType::string) {
    const std::string text = json_decode_string(json);
    require_showable("a printable string", printable(text));
    require(json_decode_string(json_quote(text)) == text, "a string changes when quoted", text);
  } else if (json_type(json) == JsonType::object || json_type(json) == JsonType::array) {
    for (const JsonMember& member : json_members(json)) {
      if (!member.key.empty()) {
        check_strings(member.key);
      }
      check_strings(member.value);
    }
  }
}

void check_remote(const RemoteError& remote) {
  for (const std::string& text : {remote.exc_type, remote.exc_path, remote.value}) {
    require(json_decode_string(json_quote(text)) == text, "a remote text is not UTF-8", text);
  }
  require_json("exc_args", remote.exc_args, JsonDialect::python);
  require(json_type(remote.json) == JsonType::object, "the error is no object", remote.json);
  check_layouts(remote.json);
}

void check_failure(const Reply& reply) {
  const Failure& failure = *reply.failure;
  require_failure(failure, {ErrorKind::bad_reply, ErrorKind::remote_error,
                            ErrorKind::unknown_method, ErrorKind::bad_arguments});
  require(reply.result.empty(), "a failed call has a result");
  require(reply.remote.has_value() == (failure.kind != ErrorKind::bad_reply),
          "a remote error without a remote error", failure.message);
  const bool refused =
      failure.kind == ErrorKind::unknown_method || failure.kind == ErrorKind::bad_arguments;
  require(failure.executed == (refused ? Executed::no : Executed::yes), "the wrong word",
          failure.message);
  if (reply.remote) {
    check_remote(*reply.remote);
  }
}

void check_envelope(const Reply& reply, const cli::CallName& call) {
  const std::string envelope = cli::envelope_json(reply, call);
  require_showable("an envelope", envelope);
  require_json("an envelope", envelope, JsonDialect::python);
  require(json_find(envelope, "ok") == (reply.ok() ? "true" : "false"), "the wrong envelope",
          envelope);
}

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  const cli::CallName call = {.service = std::string(input.take_until('\n')),
                              .method = std::string(input.take_until('\n'))};
  amqp::Delivery delivery = {
      .properties = {.content_type = std::string(input.take_until('\n')),
                     .content_encoding = std::string(input.take_until('\n'))},
      .body = std::string(input.take_rest())};
  delivery.announced_size = delivery.body.size();
  delivery.too_large = call.service.empty();
  const std::string body = delivery.body;

  const Reply reply = nameko::decode_reply(call.service, call.method, std::move(delivery));

  if (reply.ok()) {
    fuzz::require(body.find(reply.result) != std::string::npos, "a result that was not sent",
                  reply.result);
    fuzz::require_json("a result", reply.result, JsonDialect::python);
    fuzz::check_layouts(reply.result);
    fuzz::check_strings(reply.result);
  } else {
    fuzz::check_failure(reply);
  }
  fuzz::check_envelope(reply, call);
  return 0;
}
