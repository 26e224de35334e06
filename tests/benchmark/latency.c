// latency WINDOW CALLS SERVICE [RATE]
// Makes CALLS calls of SERVICE.hello("Ann") with WINDOW of them in flight and times each by itself,
// from right before its request is written to the arrival of its reply, found by correlation id.
// With RATE so many are due a second, at most WINDOW in flight, and each is timed from when it was
// due. Prints one line {"calls": int, "rate": calls a second, "mean": ms, "p50": ms, "p99": ms};
// the percentiles are exact. The requests are those of `miko bench`, which leave the queue after
// its timeout of 10 s: a broker needs longer for messages that expire. Shares nothing with miko:
// rabbitmq-c's own connection, and no histogram.

#define _GNU_SOURCE
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>

#include "peer.h"

struct Call {
  double started;
  char id[uuid_size];
};

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void start(amqp_connection_state_t connection, struct Request* request,
                  amqp_bytes_t routing_key, struct Call* call, double due) {
  static const char body[] = "{\"args\": [\"Ann\"], \"kwargs\": {}}";
  request->properties.correlation_id = amqp_cstring_bytes(call->id);
  call->started = due > 0 ? due : seconds_now();
  check_status(
      amqp_basic_publish(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE), routing_key,
                         1, 0, &request->properties, amqp_cstring_bytes(body)),
      "basic.publish");
}

// Waits for a reply. Returns 0 if none has begun to arrive by then.
static int readable_by(amqp_connection_state_t connection, double until) {
  if (amqp_data_in_buffer(connection) || amqp_frames_enqueued(connection)) {
    return 1;
  }
  const double left = until - seconds_now();
  const long nanoseconds = left > 0 ? (long)(left * 1e9) : 0;
  const struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  struct pollfd socket = {.fd = amqp_get_sockfd(connection), .events = POLLIN};
  return ppoll(&socket, 1, &timeout, NULL) > 0;
}

// Waits for the next reply that is whole. Returns which of the calls it answers.
static long next_reply(amqp_connection_state_t connection, long window) {
  long slot = -1;
  uint64_t left = 0;
  for (;;) {
    amqp_frame_t frame;
    check_status(amqp_simple_wait_frame(connection, &frame), "waiting for replies");
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      if (frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
        die("unexpected %s", amqp_method_name(frame.payload.method.id));
      }
    } else if (frame.frame_type == AMQP_FRAME_HEADER) {
      const amqp_basic_properties_t* properties = frame.payload.properties.decoded;
      char id[uuid_size] = "";
      memcpy(id, properties->correlation_id.bytes, properties->correlation_id.len % uuid_size);
      slot = atol(id);
      left = frame.payload.properties.body_size;
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
      left -= frame.payload.body_fragment.len;
      if (left == 0) {
        break;
      }
    }
  }
  if (slot < 0 || slot >= window) {
    die("a reply to no call");
  }
  return slot;
}

static int compare(const void* left, const void* right) {
  const double difference = *(const double*)left - *(const double*)right;
  return difference < 0 ? -1 : difference > 0;
}

int main(int argc, char** argv) {
  const int has_words = argc == 4 || argc == 5;
  const long window = has_words ? atol(argv[1]) : 0;
  const long calls = has_words ? atol(argv[2]) : 0;
  const double rate = argc == 5 ? atof(argv[4]) : 0;
  if (window < 1 || calls < 1 || (argc == 5 && !(rate > 0))) {
    die("usage: latency WINDOW CALLS SERVICE [RATE]");
  }
  char text[256];
  snprintf(text, sizeof text, "%s.hello", argv[3]);
  const amqp_bytes_t routing_key = amqp_cstring_bytes(text);
  struct Request request;
  fill_request(&request);
  request.properties._flags |= AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_EXPIRATION_FLAG;
  request.properties.delivery_mode = AMQP_DELIVERY_NONPERSISTENT;
  request.properties.expiration = amqp_cstring_bytes("10000");
  struct Call* in_flight = calloc((size_t)window, sizeof *in_flight);
  double* seconds = calloc((size_t)calls, sizeof *seconds);
  long* free_slots = calloc((size_t)window, sizeof *free_slots);
  long free_count = window;
  for (long i = 0; i < window; ++i) {
    snprintf(in_flight[i].id, uuid_size, "%036ld", i);
    free_slots[i] = i;
  }
  amqp_connection_state_t connection = connect_to_broker();
  consume_replies(connection, request.reply_key);

  // Woken when a call is due, not up to 50 us later.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  const double first = seconds_now();
  double sum = 0;
  long sent = 0;
  long answered = 0;
  while (answered < calls) {
    cork(connection, 1);
    double due = rate > 0 ? first + (double)sent / rate : 0;
    while (free_count > 0 && sent < calls && due <= seconds_now()) {
      start(connection, &request, routing_key, &in_flight[free_slots[--free_count]], due);
      ++sent;
      due = rate > 0 ? first + (double)sent / rate : 0;
    }
    cork(connection, 0);
    if (free_count > 0 && sent < calls && !readable_by(connection, due)) {
      continue;
    }
    do {
      const long slot = next_reply(connection, window);
      seconds[answered] = seconds_now() - in_flight[slot].started;
      sum += seconds[answered++];
      free_slots[free_count++] = slot;
    } while (amqp_data_in_buffer(connection) || amqp_frames_enqueued(connection));
    amqp_maybe_release_buffers(connection);
  }
  const double whole = seconds_now() - first;

  qsort(seconds, (size_t)calls, sizeof *seconds, compare);
  printf("{\"calls\": %ld, \"rate\": %.3f, \"mean\": %.6f, \"p50\": %.6f, \"p99\": %.6f}\n", calls,
         (double)calls / whole, sum / (double)calls * 1e3, seconds[(calls - 1) / 2] * 1e3,
         seconds[(calls - 1) * 99 / 100] * 1e3);
  say_goodbye(connection);
  return 0;
}
