// window [--expiration] WINDOW CALLS SERVICE
// Makes CALLS calls of SERVICE.hello with WINDOW of them in flight, counting replies without
// reading or correlating them: the most that rabbitmq-c and the broker allow. With --expiration a
// request expires after 10 s, as miko's does, which costs the broker something. Prints one line
// {"calls": int, "seconds": float, "cpu_us_per_call": float}.

#include "peer.h"
#include "stopwatch.h"

static void publish(amqp_connection_state_t connection, struct Request* request,
                    amqp_bytes_t routing_key, long count) {
  static const char body[] = "{\"args\": [\"Ann\"], \"kwargs\": {}}";
  cork(connection, 1);
  for (long i = 0; i < count; ++i) {
    check_status(
        amqp_basic_publish(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE),
                           routing_key, 1, 0, &request->properties, amqp_cstring_bytes(body)),
        "basic.publish");
  }
  cork(connection, 0);
}

// Waits for at least one reply and takes all that have arrived. Returns how many.
static long count_replies(amqp_connection_state_t connection) {
  long replies = 0;
  do {
    amqp_frame_t frame;
    check_status(amqp_simple_wait_frame(connection, &frame), "waiting for replies");
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      if (frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
        die("unexpected %s", amqp_method_name(frame.payload.method.id));
      }
      ++replies;
    }
  } while (replies == 0 || amqp_data_in_buffer(connection) || amqp_frames_enqueued(connection));
  amqp_maybe_release_buffers(connection);
  return replies;
}

int main(int argc, char** argv) {
  const int expires = argc == 5 && strcmp(argv[1], "--expiration") == 0;
  char** const words = argv + 1 + expires;
  const long window = argc == 4 + expires ? atol(words[0]) : 0;
  const long calls = argc == 4 + expires ? atol(words[1]) : 0;
  if (window < 1 || calls < 1) {
    die("usage: window [--expiration] WINDOW CALLS SERVICE");
  }
  char text[256];
  snprintf(text, sizeof text, "%s.hello", words[2]);
  const amqp_bytes_t routing_key = amqp_cstring_bytes(text);
  struct Request request;
  fill_request(&request);
  request.properties.delivery_mode = AMQP_DELIVERY_NONPERSISTENT;
  if (expires) {
    request.properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
    request.properties.expiration = amqp_cstring_bytes("10000");
  }
  amqp_connection_state_t connection = connect_to_broker();
  consume_replies(connection, request.reply_key);

  const struct Stopwatch watch = start_stopwatch();
  long sent = 0;
  long answered = 0;
  while (answered < calls) {
    const long room = window - (sent - answered);
    const long left = calls - sent;
    const long count = room < left ? room : left;
    publish(connection, &request, routing_key, count);
    sent += count;
    answered += count_replies(connection);
  }
  print_figures(&watch, calls);
  say_goodbye(connection);
  return 0;
}
