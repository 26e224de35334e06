// sequential SERVICE NAME
// Calls SERVICE.hello(name=NAME) once and prints the reply body: what a careful C programmer writes
// with rabbitmq-c's blocking calls, each step waiting for the broker's answer to the one before.
// The other clients are measured against this one.

#include "peer.h"

enum { reply_timeout_seconds = 10 };

// Takes the one frame that amqp_consume_message could not use: the confirm, or bad news.
static void take_other_frame(amqp_connection_state_t connection) {
  amqp_frame_t frame;
  check_status(amqp_simple_wait_frame(connection, &frame), "waiting for the reply");
  if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
    return;
  }
  if (frame.payload.method.id == AMQP_BASIC_RETURN_METHOD) {
    die("unknown service");
  }
  die("unexpected %s", amqp_method_name(frame.payload.method.id));
}

// Prints the body of the message with our correlation id, passing over others.
static void print_reply(amqp_connection_state_t connection, amqp_bytes_t correlation_id) {
  for (;;) {
    struct timeval timeout = {.tv_sec = reply_timeout_seconds, .tv_usec = 0};
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(connection);
    amqp_rpc_reply_t reply = amqp_consume_message(connection, &envelope, &timeout, 0);
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
        reply.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
      take_other_frame(connection);
      continue;
    }
    check_reply(reply, "waiting for the reply");

    const amqp_bytes_t id = envelope.message.properties.correlation_id;
    const int ours =
        id.len == correlation_id.len && memcmp(id.bytes, correlation_id.bytes, id.len) == 0;
    if (ours) {
      printf("%.*s\n", (int)envelope.message.body.len, (const char*)envelope.message.body.bytes);
    }
    amqp_destroy_envelope(&envelope);
    if (ours) {
      return;
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 3) {
    die("usage: sequential SERVICE NAME");
  }
  char routing_key[256];
  char body[1024];
  snprintf(routing_key, sizeof routing_key, "%s.hello", argv[1]);
  snprintf(body, sizeof body, "{\"args\": [], \"kwargs\": {\"name\": \"%s\"}}", argv[2]);
  struct Request request;
  fill_request(&request);

  amqp_connection_state_t connection = connect_to_broker();
  amqp_confirm_select(connection, channel_number);
  check_reply(amqp_get_rpc_reply(connection), "confirm.select");
  consume_replies(connection, request.reply_key);
  check_status(amqp_basic_publish(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE),
                                  amqp_cstring_bytes(routing_key), 1, 0, &request.properties,
                                  amqp_cstring_bytes(body)),
               "basic.publish");
  print_reply(connection, request.properties.correlation_id);
  fflush(stdout);
  say_goodbye(connection);
  return 0;
}
