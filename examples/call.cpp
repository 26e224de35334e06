// call NAME: prints what greeting.hello(name=NAME) returns, as JSON. AMQP_URI names the broker.
#include <miko.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) try {
  const char* const broker = std::getenv("AMQP_URI");
  const std::string name = miko::json_quote(argc > 1 ? argv[1] : "Ann");
  auto rpc = miko::connect({.broker = broker ? broker : "amqp://localhost"});
  const auto reply = rpc.call("greeting", "hello", {.kwargs = "{\"name\": " + name + "}"});
  std::puts(reply.value().c_str());
  rpc.close();
} catch (const miko::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
