#include "nameko/probe.h"

namespace miko {

bool is_alive(const Reply& reply) {
  return reply.ok() || reply.remote || reply.failure->kind == ErrorKind::bad_reply;
}

Presence presence(const Reply& reply) {
  if (!is_alive(reply)) {
    return Presence::unknown;
  }
  // Whoever says anything else but "no such method" (Nameko: MalformedRequest) has looked further.
  return !reply.ok() && reply.failure->kind == ErrorKind::unknown_method ? Presence::missing
                                                                         : Presence::present;
}

}  // namespace miko
