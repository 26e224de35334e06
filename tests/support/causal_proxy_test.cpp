#include "support/causal_proxy.h"

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/process.h"

namespace miko::test {
namespace {

/// Sends one letter, waits for two; sends two letters in two flights, waits for "end".
constexpr const char* client = R"(
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def wait(size):
    data = b''
    while len(data) < size:
        part = s.recv(size - len(data))
        if not part:
            sys.exit('cut after ' + repr(data))
        data += part
s.sendall(b'a')
wait(2)
s.sendall(b'b')
s.sendall(b'c')
wait(3)
)";

void serve(Peer& peer) {
  peer.read_exactly(1);
  peer.send_raw("1");
  peer.send_raw("2");
  peer.read_exactly(2);
  peer.send_raw("end");
}

Outcome run_client(const CausalProxy& proxy) {
  return run({.argv = {"python3", "-c", client, std::to_string(proxy.port())}});
}

TEST(CausalProxy, CountsRoundTripsThatWaitForEachOther) {
  const FakeServer server(serve);
  const CausalProxy proxy({.server_port = server.port()});

  const Outcome result = run_client(proxy);

  EXPECT_EQ(result.err, "");
  EXPECT_EQ(proxy.depth_of("12"), 1);
  EXPECT_EQ(proxy.depth_of("end"), 2);
  EXPECT_EQ(proxy.depth_of("never"), 0);
  EXPECT_EQ(proxy.final_depth(), 2);
  EXPECT_EQ(proxy.connections(), 1);
}

TEST(CausalProxy, CutsAfterSoManyBytes) {
  const FakeServer server([](Peer& peer) {
    peer.read_exactly(1);
    peer.send_raw("12");
    peer.stay_silent();
  });
  const CausalProxy proxy({.server_port = server.port(),
                           .cut = Cut{.direction = Direction::to_client, .after_bytes = 1}});

  const Outcome result = run_client(proxy);

  EXPECT_EQ(result.err, "cut after b'1'\n");
  EXPECT_EQ(proxy.bytes(Direction::to_client), 1U);
}

}  // namespace
}  // namespace miko::test
