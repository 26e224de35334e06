#include "fuzz/script.h"

#include "support/amqp_bytes.h"

namespace miko::fuzz {

std::vector<Conversation> read_script(Input& input) {
  std::vector<Conversation> conversations;
  while (!input.empty()) {
    const unsigned kind = input.u8();
    const bool begins = kind == 'c' || kind == 'x';
    if (conversations.empty() || begins) {
      conversations.push_back({.refused = kind == 'x', .turns = {Turn()}});
    }
    if (begins) {
      continue;
    }
    if (kind == 't' || kind == 'p') {
      conversations.back().turns.push_back({.pause_ms = kind == 'p' ? input.u16() : 0});
    } else if (kind == 'r') {
      const unsigned size = input.u16();
      conversations.back().turns.back().bytes += input.take(size);
    } else {
      const unsigned channel = input.u8();
      const unsigned size = input.u16();
      conversations.back().turns.back().bytes +=
          test::frame(static_cast<test::FrameType>(kind), channel, input.take(size));
    }
  }
  return conversations;
}

}  // namespace miko::fuzz
