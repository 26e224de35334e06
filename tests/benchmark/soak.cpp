// soak CALLS IN_FLIGHT SERVICE
// Calls SERVICE at AMQP_URI over one connection, CALLS times with IN_FLIGHT calls unanswered at a
// time, and prints at 1000 calls and at each tenfold what is resident and how fast it went:
// CALLS RESIDENT_KIB CALLS_PER_SECOND. A wrong reply ends it with status 1.

#include <miko.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

class Soak {
 public:
  explicit Soak(long calls) : calls_(calls) {}

  [[nodiscard]] bool more() const { return started_ < calls_; }

  /// The arguments of the next call, each another text.
  miko::Arguments next() {
    ++started_;
    return {.args = "[\"call " + std::to_string(started_) + "\"]"};
  }

  void check(const miko::Reply& reply) {
    // Replies of one service come in the order of the requests.
    const std::string expected = "\"call " + std::to_string(++answered_) + "\"";
    if (reply.value() != expected) {
      throw miko::Error({.message = "expected " + expected + ", got " + reply.value()});
    }
    if (answered_ == next_report_ || answered_ == calls_) {
      const std::chrono::duration<double> took = miko::Clock::now() - began_;
      std::printf("%ld %ld %.0f\n", answered_, resident_kib(),
                  static_cast<double>(answered_) / took.count());
      std::fflush(stdout);
      next_report_ *= 10;
    }
  }

 private:
  long calls_;
  long started_ = 0;
  long answered_ = 0;
  long next_report_ = 1000;
  miko::Clock::time_point began_ = miko::Clock::now();
};

}  // namespace

int main(int argc, char** argv) try {
  const char* const broker = std::getenv("AMQP_URI");
  if (argc != 4 || broker == nullptr) {
    std::fputs("usage: AMQP_URI=... soak CALLS IN_FLIGHT SERVICE\n", stderr);
    return 2;
  }
  Soak soak(std::atol(argv[1]));
  const int in_flight = std::atoi(argv[2]);
  const std::string service = argv[3];
  auto rpc = miko::connect({.broker = broker,
                            .heartbeat = std::chrono::seconds(1),
                            .timeout = std::chrono::seconds(60),
                            .in_flight_max = in_flight});
  while (soak.more()) {
    if (in_flight == 1) {
      soak.check(rpc.call(service, "echo", soak.next()));
    } else {
      rpc.start(service, "echo", soak.next(),
                [&soak](const miko::Reply& reply) { soak.check(reply); });
    }
  }
  rpc.wait();
  rpc.close();
  return 0;
} catch (const miko::Error& error) {
  std::fprintf(stderr, "soak: %s\n", error.what());
  return 1;
}
