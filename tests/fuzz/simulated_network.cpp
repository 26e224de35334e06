#include "fuzz/simulated_network.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "support/amqp_bytes.h"

namespace miko::fuzz {
namespace {

/// Far more than any conversation needs: beyond, the client is spinning.
constexpr unsigned polls_max = 20'000;

SimulatedNetwork* network = nullptr;

}  // namespace

SimulatedNetwork::SimulatedNetwork(NetworkOptions options)
    : options_(std::move(options)), now_(std::chrono::hours(1)) {
  network = this;
}

SimulatedNetwork::~SimulatedNetwork() {
  network = nullptr;
}

const std::vector<SimulatedNetwork::Exchange>& SimulatedNetwork::exchanges() {
  read_from_client(0);
  return exchanges_;
}

int SimulatedNetwork::connect(int fd) {
  read_from_client(0);
  server_ = UniqueFd();
  exchanges_.emplace_back();
  if (exchanges_.size() > options_.conversations.size() ||
      options_.conversations[exchanges_.size() - 1].refused) {
    ended_ = true;
    errno = ECONNREFUSED;
    return -1;
  }
  std::array<int, 2> ends = {-1, -1};
  const bool connected =
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0 &&
      ::dup3(ends[0], fd, O_CLOEXEC) == fd && ::close(ends[0]) == 0;
  require(connected, "no socket pair", std::strerror(errno));
  server_ = UniqueFd(ends[1]);
  if (options_.deaf) {
    const int small = 16 * 1024;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  }
  turn_ = 0;
  turn_due_ = now_;
  ended_ = false;
  if (options_.speaks_first) {
    take_turn();
  }
  return 0;
}

void SimulatedNetwork::pass_time(Clock::duration at_most) {
  require(++polls_ < polls_max, "the client does not come to an end");
  if (ended_ || turn_due_ > now_ + at_most) {
    now_ += at_most;
    return;
  }
  now_ = std::max(now_, turn_due_);
  take_turn();
}

void SimulatedNetwork::listen() {
  if (!options_.deaf) {
    read_from_client(0);
  }
}

void SimulatedNetwork::take_turn() {
  const std::vector<Turn>& turns = options_.conversations[exchanges_.size() - 1].turns;
  if (turn_ < turns.size()) {
    const std::string& bytes = turns[turn_++].bytes;
    // What does not fit into the socket's buffer is lost, as if the server had ended there.
    const ssize_t sent = ::send(server_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    exchanges_.back().said += bytes.substr(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  if (turn_ < turns.size()) {
    turn_due_ = now_ + std::chrono::milliseconds(turns[turn_].pause_ms);
  } else if (options_.end_at_once || turn_++ > turns.size()) {
    end_connection();
  }
}

void SimulatedNetwork::end_connection() {
  ended_ = true;
  if (options_.end == End::eof) {
    ::shutdown(server_.get(), SHUT_WR);
  } else if (options_.end == End::close) {
    read_from_client(0);
    server_ = UniqueFd();
  } else if (options_.end == End::reset) {
    // The kernel resets a connection that is closed with bytes left to read.
    read_from_client(MSG_PEEK);
    server_ = UniqueFd();
  }
}

void SimulatedNetwork::read_from_client(int flags) {
  static std::array<char, 65536> buffer;
  while (server_) {
    const ssize_t count = ::recv(server_.get(), buffer.data(), buffer.size(), flags);
    if (count <= 0) {
      return;
    }
    exchanges_.back().heard.append(buffer.data(), static_cast<std::size_t>(count));
    if (flags == MSG_PEEK) {
      return;
    }
  }
}

Clock::time_point SimulatedNetwork::now() {
  // Work takes time, and whoever waits for it without poll() must not wait for ever.
  return now_ += std::chrono::microseconds(1);
}

std::size_t whole_messages(std::string_view sent) {
  constexpr std::string_view publish("\0\x3c\0\x28", 4);
  constexpr std::size_t protocol_header_size = 8;
  std::size_t messages = 0;
  std::uint64_t body_left = 0;
  sent.remove_prefix(std::min(sent.size(), protocol_header_size));
  while (sent.size() >= 8) {
    test::ByteReader reader(sent);
    const unsigned type = reader.u8();
    reader.u16();
    const std::size_t size = reader.u32();
    if (sent.size() < size + 8) {
      break;
    }
    std::string_view payload = reader.rest().substr(0, size);
    require(static_cast<std::uint8_t>(sent[7 + size]) == 0xce, "a frame without end mark", sent);
    if (type == 2) {
      body_left = test::ByteReader(payload.substr(4, 8)).u64();
      require(body_left > 0, "a request without a body", payload);
    } else if (type == 3) {
      require(payload.size() <= body_left, "more body than announced", payload);
      body_left -= payload.size();
      messages += body_left == 0 ? 1 : 0;
    } else if (type == 1 && payload.starts_with(publish)) {
      require(body_left == 0, "a message in the middle of another", payload);
    }
    sent.remove_prefix(size + 8);
  }
  return messages;
}

}  // namespace miko::fuzz

// The linker's --wrap sends calls of NAME to __wrap_NAME, and of __real_NAME to NAME.

using miko::fuzz::network;

int real_poll(pollfd* fds, nfds_t count, const timespec* timeout,
              const sigset_t* mask) asm("__real_ppoll");
miko::Clock::time_point real_now() asm("__real__ZNSt6chrono3_V212steady_clock3nowEv");
int wrapped_connect(int fd, const sockaddr* address, socklen_t length) asm("__wrap_connect");
int wrapped_poll(pollfd* fds, nfds_t count, const timespec* timeout,
                 const sigset_t* mask) asm("__wrap_ppoll");
ssize_t wrapped_getrandom(void* buffer, std::size_t size, unsigned flags) asm("__wrap_getrandom");
miko::Clock::time_point wrapped_now() asm("__wrap__ZNSt6chrono3_V212steady_clock3nowEv");

int wrapped_connect(int fd, const sockaddr* /*address*/, socklen_t /*length*/) {
  return network->connect(fd);
}

int wrapped_poll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (network == nullptr) {
    return real_poll(fds, count, timeout, mask);
  }
  network->listen();
  constexpr timespec at_once = {};
  const int ready = real_poll(fds, count, &at_once, mask);
  const auto time =
      std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec);
  if (ready != 0 || time.count() == 0) {
    return ready;
  }
  network->pass_time(std::chrono::ceil<std::chrono::milliseconds>(time));
  return real_poll(fds, count, &at_once, mask);
}

ssize_t wrapped_getrandom(void* buffer, std::size_t size, unsigned /*flags*/) {
  // Sixteen bytes for each id, however many are asked for at a time.
  constexpr std::size_t id_size = 16;
  auto* const bytes = static_cast<char*>(buffer);
  for (std::size_t at = 0; at < size; at += id_size) {
    std::memset(bytes + at, network->random_byte(), std::min(id_size, size - at));
  }
  return static_cast<ssize_t>(size);
}

miko::Clock::time_point wrapped_now() {
  return network == nullptr ? real_now() : network->now();
}
