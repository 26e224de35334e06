// What the C programs of the benchmark share: logging in to the broker that AMQP_URI names, a queue
// for the replies, the properties Nameko wants on a request, and dying with a reason.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { channel_number = 1, uuid_size = 37 };

// The topic exchange of all requests and all replies.
#define RPC_EXCHANGE "nameko-rpc"

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static inline void check_status(int status, const char* what) {
  if (status != AMQP_STATUS_OK) {
    die("%s: %s", what, amqp_error_string2(status));
  }
}

// Dies unless the last blocking call, named by `what`, went well.
static inline void check_reply(amqp_rpc_reply_t reply, const char* what) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      die("%s: %s", what, amqp_error_string2(reply.library_error));
    default:
      die("%s: refused by the broker (%s)", what, amqp_method_name(reply.reply.id));
  }
}

// Writes a random version 4 UUID as text.
static inline void make_uuid(char text[uuid_size]) {
  unsigned char b[16];
  if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {
    die("getrandom failed");
  }
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  snprintf(text, uuid_size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
           b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
           b[14], b[15]);
}

// Connects to AMQP_URI, logs in and opens the one channel.
static inline amqp_connection_state_t connect_to_broker(void) {
  const char* uri = getenv("AMQP_URI");
  if (uri == NULL) {
    die("AMQP_URI is not set");
  }
  char* text = strdup(uri);
  struct amqp_connection_info info;
  amqp_default_connection_info(&info);
  check_status(amqp_parse_url(text, &info), "AMQP_URI");
  // rabbitmq-c reads "amqp://host/" as the virtual host "", Nameko as "/".
  const char* vhost = info.vhost[0] == '\0' ? "/" : info.vhost;

  amqp_connection_state_t connection = amqp_new_connection();
  amqp_socket_t* socket = amqp_tcp_socket_new(connection);
  check_status(amqp_socket_open(socket, info.host, info.port), "connect");
  check_reply(amqp_login(connection, vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN,
                         info.user, info.password),
              "login");
  amqp_channel_open(connection, channel_number);
  check_reply(amqp_get_rpc_reply(connection), "channel.open");
  free(text);
  return connection;
}

// Declares an exclusive queue, binds it to `reply_key` and consumes from it without acks.
static inline void consume_replies(amqp_connection_state_t connection, const char* reply_key) {
  const amqp_queue_declare_ok_t* declared = amqp_queue_declare(
      connection, channel_number, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "queue.declare");
  const amqp_bytes_t queue = amqp_bytes_malloc_dup(declared->queue);
  amqp_queue_bind(connection, channel_number, queue, amqp_cstring_bytes(RPC_EXCHANGE),
                  amqp_cstring_bytes(reply_key), amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "queue.bind");
  amqp_basic_consume(connection, channel_number, queue, amqp_empty_bytes, 0, 1, 1,
                     amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "basic.consume");
  amqp_bytes_free(queue);
}

// While corked, the kernel holds back what does not fill a packet.
static inline void cork(amqp_connection_state_t connection, int on) {
  setsockopt(amqp_get_sockfd(connection), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

// The properties of a request. They point into the struct itself: do not copy it.
struct Request {
  char reply_key[uuid_size];
  char correlation_id[uuid_size];
  char call_id[64];
  amqp_field_value_t call_id_stack[1];
  amqp_table_entry_t headers[1];
  amqp_basic_properties_t properties;
};

static inline void fill_request(struct Request* request) {
  char caller[uuid_size];
  make_uuid(caller);
  make_uuid(request->reply_key);
  make_uuid(request->correlation_id);
  snprintf(request->call_id, sizeof request->call_id, "benchmark.call.%s", caller);
  request->call_id_stack[0].kind = AMQP_FIELD_KIND_UTF8;
  request->call_id_stack[0].value.bytes = amqp_cstring_bytes(request->call_id);
  request->headers[0].key = amqp_cstring_bytes("nameko.call_id_stack");
  request->headers[0].value.kind = AMQP_FIELD_KIND_ARRAY;
  request->headers[0].value.value.array.num_entries = 1;
  request->headers[0].value.value.array.entries = request->call_id_stack;

  request->properties = (amqp_basic_properties_t){
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG,
      .content_type = amqp_cstring_bytes("application/json"),
      .content_encoding = amqp_cstring_bytes("utf-8"),
      .headers = {.num_entries = 1, .entries = request->headers},
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .correlation_id = amqp_cstring_bytes(request->correlation_id),
      .reply_to = amqp_cstring_bytes(request->reply_key),
  };
}

// Closes channel and connection, waiting for the broker's agreement to both.
static inline void say_goodbye(amqp_connection_state_t connection) {
  check_reply(amqp_channel_close(connection, channel_number, AMQP_REPLY_SUCCESS), "channel.close");
  check_reply(amqp_connection_close(connection, AMQP_REPLY_SUCCESS), "connection.close");
  amqp_destroy_connection(connection);
}
