#include "amqp/status.h"

#include <fmt/format.h>

#include "base/text.h"

namespace miko::amqp {
namespace {

constexpr int reply_not_allowed = 530;
constexpr int reply_access_refused = 403;
constexpr int reply_not_found = 404;
constexpr int reply_precondition_failed = 406;
constexpr int reply_content_too_large = 311;
constexpr int reply_resource_error = 506;

bool names_publish(const method::Close& close) {
  return close.class_id == 60 && close.method_id == 40;
}

/// Channel, exchange, queue, confirm and basic.consume come before the first publish in every
/// flight.
bool names_setup(const method::Close& close) {
  return close.class_id == 10 || close.class_id == 20 || close.class_id == 40 ||
         close.class_id == 50 || close.class_id == 85 ||
         (close.class_id == 60 && close.method_id == 20);
}

Failure refused_connection(const method::Close& close, std::string_view user,
                           const std::string& text) {
  if (close.reply_code == reply_access_refused) {
    return {.kind = ErrorKind::denied,
            .message = fmt::format("login refused for user '{}': {}", printable(user), text),
            .hint = "check user and password: --user, --password-file or the broker URI"};
  }
  if (close.reply_code == reply_not_allowed) {
    return {.kind = ErrorKind::denied,
            .message = fmt::format("the broker refused: {}", text),
            .hint = "check the vhost (--vhost) and the user's rights on it"};
  }
  return {.kind = ErrorKind::connection_lost,
          .message = fmt::format("the broker closed the connection: {}", text),
          .executed = Executed::maybe};
}

Failure refused_channel(const method::Close& close, const std::string& text) {
  const Executed executed =
      names_publish(close) || names_setup(close) ? Executed::no : Executed::maybe;
  switch (close.reply_code) {
    case reply_not_found:
      return {.kind = ErrorKind::unknown_service,
              .message = fmt::format("no Nameko exchange on this vhost: {}", text),
              .executed = executed,
              .hint =
                  "has a Nameko service ever run here? --vhost and --exchange say where to "
                  "look"};
    case reply_access_refused:
      return {.kind = ErrorKind::denied,
              .message = fmt::format("the broker refused: {}", text),
              .executed = executed,
              .hint =
                  "calling needs configure, write and read on rpc.reply-miko-.*, write and "
                  "read on the RPC exchange"};
    case reply_precondition_failed:
      if (executed == Executed::maybe) {
        return {.kind = ErrorKind::connection_lost,
                .message = fmt::format("the broker closed the channel: {}", text),
                .executed = executed,
                .hint =
                    "a broker that waits for an acknowledgement in vain does that after its "
                    "consumer_timeout, half an hour unless set"};
      }
      // All that a broker can find wrong with this publish is its size.
      return {.kind = ErrorKind::denied,
              .message = fmt::format("the broker refused: {}", text),
              .executed = executed,
              .hint = names_publish(close) ? "the broker's max_message_size limits requests and "
                                             "replies; from RabbitMQ 4.0 on it is 16 MiB unless set"
                                           : ""};
    case reply_content_too_large:
    case reply_resource_error:
      return {.kind = ErrorKind::denied,
              .message = fmt::format("the broker refused: {}", text),
              .executed = executed};
    default:
      return {.kind = ErrorKind::connection_lost,
              .message = fmt::format("the broker closed the channel: {}", text),
              .executed = executed};
  }
}

}  // namespace

Error close_error(const method::Close& close, std::string_view user) {
  const std::string text =
      fmt::format("{} {}", close.reply_code, printable(shortened(close.reply_text, 200)));
  return Error(close.whole_connection ? refused_connection(close, user, text)
                                      : refused_channel(close, text));
}

}  // namespace miko::amqp
