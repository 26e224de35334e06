#pragma once

/// miko as a library: calling Nameko services from C++.
///
///     auto rpc = miko::connect({.broker = "amqp://localhost"});
///     const miko::Reply reply = rpc.call("greeting", "hello", {.args = R"(["Ann"])"});
///     std::puts(reply.value().c_str());  // throws miko::Error if the call failed
///     rpc.close();

#include "base/error.h"
#include "base/json.h"
#include "nameko/client.h"
#include "nameko/dispatcher.h"
#include "nameko/event.h"
#include "nameko/listener.h"
#include "nameko/reply.h"
#include "nameko/server.h"
#include "nameko/signature.h"
#include "nameko/tap.h"
#include "nameko/versions.h"

namespace miko {

/// A client for `options`. Checks them (Error{usage}) and does not wait: the first request travels
/// together with the login, so what is wrong with the broker shows at the first call.
[[nodiscard]] inline Client connect(Options options = {}) {
  return Client(std::move(options));
}

}  // namespace miko
