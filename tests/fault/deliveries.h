#pragma once

#include <string>
#include <string_view>

#include "fault/fault_call.h"

namespace miko::test {

/// What a broker delivers to whoever consumes.
struct Delivered {
  std::uint64_t tag = 1;
  bool redelivered = false;
  std::string exchange = "nameko-rpc";
  std::string routing_key = "s.hello";
  Properties properties = {.content_type = "application/json",
                           .content_encoding = "utf-8",
                           .correlation_id = "id",
                           .reply_to = "caller"};
  std::string body = R"({"args": [], "kwargs": {}})";
};

inline void deliver(Peer& peer, const Delivered& what) {
  Bytes method;
  method.short_string("tag").u64(what.tag).u8(what.redelivered ? 1 : 0);
  method.short_string(what.exchange).short_string(what.routing_key);
  peer.send_method(1, {60, 60}, method);
  peer.send_header(1, 60, what.body.size(), encode(what.properties));
  if (!what.body.empty()) {
    peer.send_body(1, what.body);
  }
}

/// Logs in and answers everything until somebody consumes.
inline void await_consumer(Peer& peer) {
  peer.log_in();
  peer.answer(peer.read_method({60, 20}));  // basic.consume
}

/// The delivery tag of the next basic.ack.
inline std::uint64_t read_acknowledged(Peer& peer) {
  return peer.read_method({60, 80}).arguments().u64();
}

/// channel.close that blames `method`.
inline void close_main_channel(Peer& peer, unsigned code, const std::string& text,
                               MethodId method = {}) {
  peer.send_method(1, {20, 40},
                   Bytes().u16(code).short_string(text).u16(method.class_id).u16(method.method_id));
}

}  // namespace miko::test
