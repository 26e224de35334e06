// sax SERVICE NAME
// Calls SERVICE.hello(name=NAME) once and prints the result, indented: the least that a C
// programmer can do with a large reply. The body is assembled once, parsed in place by RapidJSON's
// SAX parser, and written as it is parsed; numbers keep their text.

#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "peer.h"

namespace {

class Output {
 public:
  using Ch = char;

  void Put(char c) {
    if (used_ == sizeof buffer_) {
      Flush();
    }
    buffer_[used_++] = c;
  }

  void Flush() {
    for (size_t at = 0; at < used_;) {
      const ssize_t written = write(STDOUT_FILENO, buffer_ + at, used_ - at);
      if (written < 0) {
        die("cannot write");
      }
      at += static_cast<size_t>(written);
    }
    used_ = 0;
  }

 private:
  char buffer_[65536];
  size_t used_ = 0;
};

using Writer = rapidjson::PrettyWriter<Output>;

// Passes on what lies in member "result" of the reply {"result": any, "error": null}.
class ResultPrinter {
 public:
  explicit ResultPrinter(Writer& writer) : writer_(writer) {}

  bool Null() { return !in_result() || writer_.Null(); }
  bool Bool(bool b) { return !in_result() || writer_.Bool(b); }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  // The writer's own RawNumber would put it between quotation marks.
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return !in_result() || writer_.RawValue(text, size, rapidjson::kNumberType);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return !in_result() || writer_.String(text, size);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1) {
      is_result_ = std::string_view(text, size) == "result";
      return true;
    }
    return !in_result() || writer_.Key(text, size);
  }
  bool StartObject() { return depth_++ == 0 || !in_result() || writer_.StartObject(); }
  bool EndObject(rapidjson::SizeType) {
    return --depth_ == 0 || !in_result() || writer_.EndObject();
  }
  bool StartArray() {
    ++depth_;
    return !in_result() || writer_.StartArray();
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    return !in_result() || writer_.EndArray();
  }

 private:
  bool in_result() const { return depth_ >= 1 && is_result_; }

  Writer& writer_;
  int depth_ = 0;
  bool is_result_ = false;
};

amqp_frame_t next_frame(amqp_connection_state_t connection) {
  // amqp_read_message would keep every frame of the body until the end, beside the body.
  amqp_maybe_release_buffers_on_channel(connection, channel_number);
  amqp_frame_t frame;
  check_status(amqp_simple_wait_frame(connection, &frame), "waiting for the reply");
  return frame;
}

// The body of the first message, with a zero byte behind it.
std::unique_ptr<char[]> receive_reply(amqp_connection_state_t connection, const Request& request) {
  amqp_frame_t frame = next_frame(connection);
  while (frame.frame_type != AMQP_FRAME_HEADER) {
    if (frame.frame_type == AMQP_FRAME_METHOD &&
        frame.payload.method.id == AMQP_BASIC_RETURN_METHOD) {
      die("unknown service");
    }
    frame = next_frame(connection);
  }
  const auto* properties =
      static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
  const std::string_view id(static_cast<const char*>(properties->correlation_id.bytes),
                            properties->correlation_id.len);
  if (id != request.correlation_id) {
    die("the reply of another call");
  }
  const size_t size = frame.payload.properties.body_size;
  std::unique_ptr<char[]> body(new char[size + 1]);
  size_t received = 0;
  while (received < size) {
    frame = next_frame(connection);
    if (frame.frame_type != AMQP_FRAME_BODY) {
      die("the body breaks off");
    }
    const amqp_bytes_t piece = frame.payload.body_fragment;
    if (piece.len > size - received) {
      die("body longer than announced");
    }
    memcpy(body.get() + received, piece.bytes, piece.len);
    received += piece.len;
  }
  body[size] = '\0';
  return body;
}

void print_result(char* body) {
  static Output output;
  Writer writer(output);
  writer.SetIndent(' ', 2);
  ResultPrinter printer(writer);
  rapidjson::InsituStringStream input(body);
  rapidjson::Reader reader;
  if (!reader.Parse<rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag>(input,
                                                                                         printer)) {
    die("the reply is not JSON");
  }
  output.Put('\n');
  output.Flush();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    die("usage: sax SERVICE NAME");
  }
  char routing_key[256];
  char text[1024];
  snprintf(routing_key, sizeof routing_key, "%s.hello", argv[1]);
  snprintf(text, sizeof text, "{\"args\": [], \"kwargs\": {\"name\": \"%s\"}}", argv[2]);
  Request request;
  fill_request(&request);

  amqp_connection_state_t connection = connect_to_broker();
  consume_replies(connection, request.reply_key);
  check_status(amqp_basic_publish(connection, channel_number, amqp_cstring_bytes(RPC_EXCHANGE),
                                  amqp_cstring_bytes(routing_key), 1, 0, &request.properties,
                                  amqp_cstring_bytes(text)),
               "basic.publish");
  const std::unique_ptr<char[]> body = receive_reply(connection, request);
  print_result(body.get());
  say_goodbye(connection);
  return 0;
}
