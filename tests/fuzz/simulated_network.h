#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "fuzz/script.h"

namespace miko::fuzz {

/// How the server ends a connection when it has said everything.
enum class End { eof, close, reset, silence };

struct NetworkOptions {
  std::vector<Conversation> conversations = {};
  End end = End::eof;
  bool end_at_once = false;   ///< with the last words and not a turn later
  bool speaks_first = false;  ///< before the client could send anything
  bool deaf = false;          ///< never reads, so that the client's writes come to wait
};

/// A network of one process and one thread, in which no time passes but that waited for.
///
/// Programs that use it are linked with --wrap for connect, ppoll, getrandom and the steady clock.
/// connect() then gets one end of a socket pair; poll(), when nothing is ready, gives the server
/// its turn or moves the clock on. Random bytes are 01 01 01..., 02 02 02... and so on, so that
/// correlation ids can be known in advance.
class SimulatedNetwork {
 public:
  explicit SimulatedNetwork(NetworkOptions options);
  ~SimulatedNetwork();
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  /// What went over one connection: what the server said and what the client sent.
  struct Exchange {
    std::string said = {};
    std::string heard = {};
  };

  /// One for each attempt to connect, up to now.
  [[nodiscard]] const std::vector<Exchange>& exchanges();

  // What the wrapped functions do.

  int connect(int fd);
  /// Lets at most `at_most` pass; returns early when the server did something.
  void pass_time(Clock::duration at_most);
  void listen();
  [[nodiscard]] Clock::time_point now();
  /// 1, 2, 3, then odd numbers: what the corpus expects of the ids of calls.
  std::uint8_t random_byte() {
    randoms_ = static_cast<std::uint8_t>(randoms_ + (randoms_ < 3 ? 1 : 2));
    return randoms_;
  }

 private:
  void take_turn();
  void end_connection();
  void read_from_client(int flags);

  NetworkOptions options_;
  std::vector<Exchange> exchanges_ = {};
  std::size_t turn_ = 0;
  Clock::time_point turn_due_ = {};
  bool ended_ = true;
  UniqueFd server_ = {};
  Clock::time_point now_;
  unsigned polls_ = 0;
  std::uint8_t randoms_ = 0;
};

/// How many messages a client sent with their last byte, read as the broker reads them; requires
/// that what it sent is in order.
[[nodiscard]] std::size_t whole_messages(std::string_view sent);

}  // namespace miko::fuzz
