// publish EVENTS SERVICE
// Publishes EVENTS events of SERVICE without confirmations, each as miko and Nameko send it: the
// most that rabbitmq-c and the broker allow. Makes the exchange as a service would. Prints one line
// {"calls": int, "seconds": float, "cpu_us_per_call": float}, from the first event until the broker
// has taken the last.

#include "peer.h"
#include "stopwatch.h"

// The size of the pieces that leave together.
enum { events_per_batch = 100 };

static void declare_exchange(amqp_connection_state_t connection, amqp_bytes_t exchange) {
  amqp_exchange_declare(connection, channel_number, exchange, amqp_cstring_bytes("topic"), 0, 1, 0,
                        0, amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "exchange.declare");
}

int main(int argc, char** argv) {
  const long events = argc == 3 ? atol(argv[1]) : 0;
  if (events < 1) {
    die("usage: publish EVENTS SERVICE");
  }
  char text[256];
  snprintf(text, sizeof text, "%s.events", argv[2]);
  const amqp_bytes_t exchange = amqp_cstring_bytes(text);
  const amqp_bytes_t body = amqp_cstring_bytes(
      "{\"id\": 1234567, \"by\": \"Ann\", \"items\": [\"pen\", \"paper\", \"ink\"]}");
  const amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG,
      .content_type = amqp_cstring_bytes("application/json"),
      .content_encoding = amqp_cstring_bytes("utf-8"),
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
  };
  amqp_connection_state_t connection = connect_to_broker();
  declare_exchange(connection, exchange);

  const struct Stopwatch watch = start_stopwatch();
  for (long sent = 0; sent < events; ++sent) {
    if (sent % events_per_batch == 0) {
      cork(connection, 0);
      cork(connection, 1);
    }
    check_status(amqp_basic_publish(connection, channel_number, exchange,
                                    amqp_cstring_bytes("paid"), 0, 0, &properties, body),
                 "basic.publish");
  }
  cork(connection, 0);
  // The broker answers this when it has taken all that was sent before it.
  declare_exchange(connection, exchange);
  print_figures(&watch, events);
  say_goodbye(connection);
  return 0;
}
