// echo_responder [--ack] [--prefetch N] [--result FILE] SERVICE
// Answers every method of SERVICE as a Nameko service would, with the first of `args`, or else the
// first value of `kwargs`, or else null; with --result always with the JSON in FILE. It is here to
// be fast: with it, a measured time is the client's and the broker's. Prints "ready" once it
// consumes, and runs until it is killed.

#include <sys/stat.h>

#include "peer.h"

// RabbitMQ 3.10 carries no larger message.
static const uint64_t body_size_max = 128 << 20;

struct Text {
  const char* at;
  const char* end;
};

// `result` is empty unless --result is given.
struct Options {
  const char* service;
  int ack;
  uint16_t prefetch;
  struct Text result;
};

// A request while its frames arrive. The properties lie in the connection's pools, which are
// therefore not released in the middle of a message.
struct Incoming {
  int open;
  uint64_t delivery_tag;
  const amqp_basic_properties_t* properties;
  size_t body_size;
  size_t received;
  char* body;
  size_t capacity;
};

static const char* skip_space(const char* at, const char* end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
    ++at;
  }
  return at;
}

// Takes `at` on the opening quote; gives the place after the closing one.
static const char* skip_string(const char* at, const char* end) {
  for (++at; at < end && *at != '"'; ++at) {
    if (*at == '\\') {
      ++at;
    }
  }
  return at < end ? at + 1 : end;
}

static const char* skip_value(const char* at, const char* end) {
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = skip_string(at, end);
      if (depth == 0) {
        return at;
      }
      continue;
    }
    if (*at == '{' || *at == '[') {
      ++depth;
    } else if (*at == '}' || *at == ']') {
      if (depth == 0) {
        return at;
      }
      if (--depth == 0) {
        return at + 1;
      }
    } else if (depth == 0 &&
               (*at == ',' || *at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
      return at;
    }
    ++at;
  }
  return end;
}

// The value that follows a member's key; `at` is on the key. Empty if there is none.
static struct Text member_value(const char* at, const char* end) {
  at = skip_space(skip_string(at, end), end);
  if (at == end || *at != ':') {
    return (struct Text){end, end};
  }
  at = skip_space(at + 1, end);
  return (struct Text){at, skip_value(at, end)};
}

// The first element or member's value of a JSON array or object; empty if it has none.
static struct Text first_inside(struct Text container) {
  const char* at = skip_space(container.at + 1, container.end);
  if (at < container.end && *container.at == '[' && *at != ']') {
    return (struct Text){at, skip_value(at, container.end)};
  }
  if (at < container.end && *container.at == '{' && *at == '"') {
    return member_value(at, container.end);
  }
  return (struct Text){container.end, container.end};
}

// The result for a request {"args": [any], "kwargs": {str: any}}, as JSON text.
static struct Text result_of(struct Text body) {
  static const char null[] = "null";
  struct Text from_kwargs = {null, null + 4};
  const char* at = skip_space(body.at, body.end);
  while (at < body.end && (*at == '{' || *at == ',')) {
    at = skip_space(at + 1, body.end);
    if (at == body.end || *at != '"') {
      break;
    }
    const char* key = at;
    const struct Text value = member_value(key, body.end);
    if (value.at < value.end && (*value.at == '[' || *value.at == '{')) {
      const struct Text first = first_inside(value);
      if (first.at < first.end && strncmp(key, "\"args\"", 6) == 0) {
        return first;
      }
      if (first.at < first.end && strncmp(key, "\"kwargs\"", 8) == 0) {
        from_kwargs = first;
      }
    }
    at = skip_space(value.end, body.end);
  }
  return from_kwargs;
}

static void answer(amqp_connection_state_t connection, const struct Options* options,
                   const struct Incoming* incoming) {
  static char* reply = NULL;
  static size_t capacity = 0;
  const amqp_basic_properties_t* request = incoming->properties;
  if ((request->_flags & AMQP_BASIC_REPLY_TO_FLAG) == 0) {
    return;
  }
  const struct Text result =
      options->result.at != NULL
          ? options->result
          : result_of((struct Text){incoming->body, incoming->body + incoming->received});
  const size_t result_size = (size_t)(result.end - result.at);
  if (capacity < result_size + 64) {
    capacity = result_size + 64;
    reply = realloc(reply, capacity);
  }
  static const char before[] = "{\"result\": ";
  static const char after[] = ", \"error\": null}";
  memcpy(reply, before, sizeof before - 1);
  memcpy(reply + sizeof before - 1, result.at, result_size);
  memcpy(reply + sizeof before - 1 + result_size, after, sizeof after - 1);

  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                (request->_flags & AMQP_BASIC_CORRELATION_ID_FLAG),
      .content_type = amqp_cstring_bytes("application/json"),
      .content_encoding = amqp_cstring_bytes("utf-8"),
      .delivery_mode = AMQP_DELIVERY_NONPERSISTENT,
      .correlation_id = request->correlation_id,
  };
  const amqp_bytes_t body = {.len = sizeof before - 1 + result_size + sizeof after - 1,
                             .bytes = reply};
  check_status(amqp_basic_publish(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE),
                                  request->reply_to, 0, 0, &properties, body),
               "basic.publish");
}

// Adds one frame to the request it belongs to, and answers when that was the last.
// Returns whether a request was answered.
static int take_frame(amqp_connection_state_t connection, const struct Options* options,
                      struct Incoming* incoming, const amqp_frame_t* frame) {
  if (frame->frame_type == AMQP_FRAME_METHOD) {
    if (frame->payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
      die("unexpected %s", amqp_method_name(frame->payload.method.id));
    }
    const amqp_basic_deliver_t* deliver = frame->payload.method.decoded;
    incoming->open = 1;
    incoming->delivery_tag = deliver->delivery_tag;
    return 0;
  }
  if (frame->frame_type == AMQP_FRAME_HEADER) {
    if (frame->payload.properties.class_id != AMQP_BASIC_CLASS ||
        frame->payload.properties.body_size > body_size_max) {
      die("unexpected content header");
    }
    incoming->properties = frame->payload.properties.decoded;
    incoming->body_size = (size_t)frame->payload.properties.body_size;
    incoming->received = 0;
    if (incoming->capacity < incoming->body_size) {
      incoming->capacity = incoming->body_size;
      incoming->body = realloc(incoming->body, incoming->capacity);
    }
  } else if (frame->frame_type == AMQP_FRAME_BODY) {
    const amqp_bytes_t piece = frame->payload.body_fragment;
    if (piece.len > incoming->body_size - incoming->received) {
      die("body longer than announced");
    }
    memcpy(incoming->body + incoming->received, piece.bytes, piece.len);
    incoming->received += piece.len;
  }
  if (!incoming->open || incoming->received < incoming->body_size) {
    return 0;
  }
  answer(connection, options, incoming);
  incoming->open = 0;
  return 1;
}

// Answers for ever, in batches: all requests that have arrived are answered before the replies
// leave.
static void serve(amqp_connection_state_t connection, const struct Options* options) {
  struct Incoming incoming = {0};
  for (;;) {
    amqp_frame_t frame;
    check_status(amqp_simple_wait_frame(connection, &frame), "waiting for requests");
    cork(connection, 1);
    int answered = take_frame(connection, options, &incoming, &frame);
    while (amqp_data_in_buffer(connection) || amqp_frames_enqueued(connection)) {
      check_status(amqp_simple_wait_frame(connection, &frame), "waiting for requests");
      answered += take_frame(connection, options, &incoming, &frame);
    }
    if (options->ack && answered > 0) {
      const uint64_t last = incoming.open ? incoming.delivery_tag - 1 : incoming.delivery_tag;
      check_status(amqp_basic_ack(connection, channel_number, last, 1), "basic.ack");
    }
    cork(connection, 0);
    if (!incoming.open) {
      amqp_maybe_release_buffers(connection);
    }
  }
}

static void declare_service(amqp_connection_state_t connection, const struct Options* options) {
  char queue[256];
  char binding[256];
  snprintf(queue, sizeof queue, "rpc-%s", options->service);
  snprintf(binding, sizeof binding, "%s.*", options->service);
  amqp_exchange_declare(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE),
                        amqp_cstring_bytes("topic"), 0, 1, 0, 0, amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "exchange.declare");
  amqp_queue_declare(connection, channel_number, amqp_cstring_bytes(queue), 0, 1, 0, 0,
                     amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "queue.declare");
  amqp_queue_bind(connection, channel_number, amqp_cstring_bytes(queue),
                  amqp_cstring_bytes(RPC_EXCHANGE), amqp_cstring_bytes(binding), amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "queue.bind");
  amqp_basic_qos(connection, channel_number, 0, options->prefetch, 0);
  check_reply(amqp_get_rpc_reply(connection), "basic.qos");
  amqp_basic_consume(connection, channel_number, amqp_cstring_bytes(queue), amqp_empty_bytes, 0,
                     !options->ack, 0, amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection), "basic.consume");
}

static struct Text read_whole(const char* path) {
  struct stat about;
  FILE* file = fopen(path, "rb");
  if (file == NULL || fstat(fileno(file), &about) != 0) {
    die("cannot read %s", path);
  }
  const size_t size = (size_t)about.st_size;
  char* text = malloc(size + 1);
  if (text == NULL || fread(text, 1, size, file) != size) {
    die("cannot read %s", path);
  }
  fclose(file);
  return (struct Text){text, text + size};
}

static struct Options parse_options(int argc, char** argv) {
  static const char usage[] =
      "usage: echo_responder [--ack] [--prefetch N] [--result FILE] SERVICE";
  struct Options options = {.service = NULL, .ack = 0, .prefetch = 10000};
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--ack") == 0) {
      options.ack = 1;
    } else if (strcmp(argv[i], "--prefetch") == 0 && i + 1 < argc) {
      options.prefetch = (uint16_t)atoi(argv[++i]);
    } else if (strcmp(argv[i], "--result") == 0 && i + 1 < argc) {
      options.result = read_whole(argv[++i]);
    } else if (argv[i][0] != '-' && options.service == NULL) {
      options.service = argv[i];
    } else {
      die("%s", usage);
    }
  }
  if (options.service == NULL) {
    die("%s", usage);
  }
  return options;
}

int main(int argc, char** argv) {
  const struct Options options = parse_options(argc, argv);
  amqp_connection_state_t connection = connect_to_broker();
  declare_service(connection, &options);
  puts("ready");
  fflush(stdout);
  serve(connection, &options);
}
