// Requests as miko serve reads and answers them, and events as miko listen does. Input: records,
// each of a byte ('q' for a request, any other for an event), the routing key up to a newline, a
// content header and a body, both with their lengths (16 bits) in front.

#include <array>
#include <set>

#include "amqp/codec.h"
#include "base/text.h"
#include "cli/event_line.h"
#include "cli/stubs.h"
#include "fuzz/fuzz.h"
#include "nameko/events.h"
#include "nameko/rpc.h"
#include "nameko/serving.h"

namespace miko::fuzz {
namespace {

amqp::Delivery read_delivery(Input& input, amqp::Decoder& decoder) {
  amqp::Delivery delivery = {.routing_key = std::string(input.take_until('\n'))};
  const std::string header(input.take(input.u16()));
  try {
    delivery.properties = decoder.content_header(header).properties;
  } catch (const Error& error) {
    require_failure(error.failure(), {ErrorKind::connection_lost});
  }
  delivery.body = input.take(input.u16());
  delivery.announced_size = delivery.body.size();
  return delivery;
}

cli::Stubs make_stubs() {
  cli::Stubs stubs;
  stubs.add_raise("find=orders.errors.NotFound:A-1");
  const auto reply = [&stubs](std::string_view name, std::string_view parameters,
                              std::string_view text) {
    stubs.add_method(name, {.signature = Signature::parse(parameters),
                            .stubs = {{.action = cli::Template{.result = std::string(text)}}}});
  };
  reply("hello", "name, greeting=\"Hello\", *rest, **more",
        R"(["{{/params/name}}", "{{/args/0}} {{/kwargs/name}}", "{{/headers/nameko.user_id}}"])");
  reply("none", "", "null");
  stubs.add_method(
      "when", {.stubs = {{.action = Response{.result = "1"}, .when = cli::Condition{.args = "[1]"}},
                         {.action = Response{.result = "2"},
                          .when = cli::Condition{.subset = R"({"kwargs": {"a": [{}]}})"}},
                         {.action = cli::Echo{},
                          .when = cli::Condition{.pointers = {{"/args/0/a", "1"}}}}}});
  stubs.echo_others();
  return stubs;
}

/// What a caller makes of an answer.
void check_answer(const amqp::Properties& request, const Response& response) {
  const amqp::Message message = nameko::encode_response("nameko-rpc", request, response);
  require(message.routing_key == request.reply_to, "an answer to somebody else");
  require(message.properties.correlation_id == request.correlation_id, "an answer to another call");
  const Reply reply = nameko::decode_reply(
      "svc", "method", {.properties = message.properties, .body = message.body});
  if (!response.error) {
    require(reply.ok() || reply.failure->message.find("nested") != std::string::npos,
            "a result that its caller cannot read", message.body);
    return;
  }
  require(reply.remote.has_value(), "an exception that its caller cannot read", message.body);
  require(reply.remote->exc_path == response.error->exc_path, "another exception", message.body);
}

void serve(const amqp::Delivery& delivery) {
  static const cli::Stubs stubs = make_stubs();
  const ServerOptions serving = {.service = "svc", .has_method = [](std::string_view method) {
                                   return method != "nope" && stubs.has_method(method);
                                 }};
  const nameko::Incoming incoming = nameko::decode_request(serving, delivery);
  if (const auto* const dropped = std::get_if<nameko::Dropped>(&incoming)) {
    require(!dropped->why.empty(), "dropped without a reason");
    require_showable("a reason", dropped->why);
    return;
  }
  require(!delivery.properties.reply_to.empty(), "an answer to nobody");
  if (const auto* const refused = std::get_if<nameko::Refused>(&incoming)) {
    require(refused->response.error.has_value(), "refused with a result");
    check_answer(delivery.properties, refused->response);
    return;
  }
  const auto& request = std::get<Request>(incoming);
  for (const std::string& json : {request.args, request.kwargs, request.headers}) {
    require_json("a part of a request", json, JsonDialect::python);
  }
  require(json_type(request.args) == JsonType::array, "args that are no array", request.args);
  require(json_type(request.kwargs) == JsonType::object, "kwargs that are no object",
          request.kwargs);
  const cli::Choice choice = stubs.choose(request);
  check_answer(delivery.properties, std::get<Response>(choice.action));
}

void listen(amqp::Delivery delivery) {
  delivery.exchange = "svc.events";
  const Event event = nameko::decode_event(std::move(delivery));
  require_json("headers", event.headers, JsonDialect::python);
  require(event.fault.empty() || event.data == "null", "data of what cannot be read", event.data);
  require_showable("a fault", event.fault);
  const std::chrono::system_clock::time_point at = {};
  const std::string line = cli::event_json(event, at);
  require_json("a line", line, JsonDialect::python);
  require_showable("a line", line);
  require_showable("a line for eyes", cli::event_text(event, at, false));
}

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  amqp::Decoder decoder(amqp::Headers::keep);
  while (!input.empty()) {
    const bool request = input.u8() == 'q';
    amqp::Delivery delivery = fuzz::read_delivery(input, decoder);
    request ? fuzz::serve(delivery) : fuzz::listen(std::move(delivery));
  }
  return 0;
}
