// Bytes from a broker, up to whole messages. Input: a byte with options (1: what follows is a
// script as script.h describes it, otherwise raw bytes; 2: large frames; 12: the body limit), then
// the bytes.

#include <sys/mman.h>

#include <cstring>

#include "amqp/assembler.h"
#include "amqp/codec.h"
#include "fuzz/fuzz.h"
#include "fuzz/script.h"

namespace miko::fuzz {
namespace {

constexpr std::size_t payload_max = 131072;
constexpr std::size_t page_size = 4096;
constexpr std::string_view basic_class("\0\x3c", 2);

/// A copy of a payload that ends where memory ends: rabbitmq-c is not compiled with a sanitizer,
/// and what it reads behind the end would go unnoticed elsewhere.
class GuardedCopy {
 public:
  GuardedCopy() {
    void* const pages = ::mmap(nullptr, payload_max + page_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED, "no memory");
    end_ = static_cast<char*>(pages) + payload_max;
    require(::mprotect(end_, page_size, PROT_NONE) == 0, "no guard page");
  }

  std::string_view operator()(std::string_view payload) const {
    char* const start = end_ - payload.size();
    std::memcpy(start, payload.data(), payload.size());
    return {start, payload.size()};
  }

 private:
  char* end_ = nullptr;
};

std::string bytes_of(Input& input, bool structured) {
  if (!structured) {
    return std::string(input.take_rest());
  }
  std::string bytes;
  for (const Conversation& conversation : read_script(input)) {
    for (const Turn& turn : conversation.turns) {
      bytes += turn.bytes;
    }
  }
  return bytes;
}

/// Takes everything off the front of `bytes`, as Connection does.
class Reader {
 public:
  explicit Reader(std::uint64_t body_size_max)
      : body_size_max_(body_size_max), assembler_(body_size_max) {}

  void read(std::string_view bytes, std::size_t frame_max) {
    static const GuardedCopy guarded;
    while (const std::optional<amqp::Frame> frame = amqp::take_frame(bytes, frame_max)) {
      require(frame->payload.size() + amqp::frame_overhead <= frame_max, "a frame over the limit");
      const std::string_view payload = guarded(frame->payload);
      if (frame->type == amqp::FrameType::method) {
        begin(decoder_.method(payload));
      } else if (frame->type == amqp::FrameType::header) {
        const amqp::ContentHeader header = decoder_.content_header(payload);
        require(payload.starts_with(basic_class), "a content header of another class", payload);
        body_left_ = header.body_size;
        check(assembler_.header(header));
      } else if (frame->type == amqp::FrameType::body) {
        const std::optional<amqp::Event> arrival = assembler_.body(payload);
        require(!payload.empty() && payload.size() <= body_left_, "a body of another size");
        body_left_ -= payload.size();
        check(arrival);
      }
    }
  }

 private:
  void begin(amqp::Method method) {
    if (auto* deliver = std::get_if<amqp::method::Deliver>(&method)) {
      require(deliver->routing_key.size() <= 255, "a short string that is long");
      assembler_.begin(std::move(*deliver));
    } else if (auto* back = std::get_if<amqp::method::Return>(&method)) {
      require(back->reply_text.size() <= 255, "a short string that is long");
      assembler_.begin(std::move(*back));
    } else if (const auto* start = std::get_if<amqp::method::Start>(&method)) {
      require(
          start->product.size() + start->version.size() + start->mechanisms.size() <= payload_max,
          "texts longer than their frame");
    }
  }

  void check(const std::optional<amqp::Event>& arrival) const {
    if (!arrival) {
      return;
    }
    if (const auto* delivery = std::get_if<amqp::Delivery>(&*arrival)) {
      require(delivery->too_large == (delivery->announced_size > body_size_max_),
              "the wrong limit");
      require(delivery->body.size() == (delivery->too_large ? 0 : delivery->announced_size),
              "a body that is not as long as announced");
      require(delivery->properties.correlation_id.size() <= 255, "a short string that is long");
    }
  }

  std::uint64_t body_size_max_;
  std::uint64_t body_left_ = 0;
  amqp::Decoder decoder_{amqp::Headers::keep};
  amqp::Assembler assembler_;
};

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  const unsigned options = input.u8();
  const std::string bytes = fuzz::bytes_of(input, (options & 1U) != 0);
  constexpr std::uint64_t body_limits[] = {0, 16, 1000, 1'000'000};

  try {
    fuzz::Reader(body_limits[options >> 2U & 3U])
        .read(bytes, (options & 2U) != 0 ? fuzz::payload_max : 4096);
  } catch (const Error& error) {
    fuzz::require_failure(error.failure(), {ErrorKind::connection_lost});
    fuzz::require(error.failure().executed == Executed::maybe, "an unfounded word",
                  error.failure().message);
  }
  return 0;
}
