#include "support/causal_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "support/fake_server.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Bytes read together; an empty one is the end of file.
struct Chunk {
  std::string data = "";
  int depth = 0;
  steady_clock::time_point due = {};
};

/// Where in the bytes delivered to a client a chunk ends, and how deep it was.
struct Mark {
  std::size_t end = 0;
  int depth = 0;
};

UniqueFd connect_to(int port) {
  UniqueFd result(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  auto* common = reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast)
  return ::connect(result.get(), common, sizeof address) == 0 ? std::move(result) : UniqueFd();
}

void send_all(const UniqueFd& socket, std::string_view data) {
  while (!data.empty()) {
    const ssize_t size = ::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (size <= 0) {
      return;
    }
    data.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace

/// One direction of a connection.
struct CausalProxy::Flow {
  UniqueFd from = UniqueFd();
  std::deque<Chunk> waiting = {};
  std::size_t delivered = 0;
  /// Depth of the last chunk delivered.
  int depth = 0;
  bool ended = false;
};

/// One connection; each flow's `from` is where the other one delivers.
struct CausalProxy::Link {
  Flow to_server = {};
  Flow to_client = {};
  std::string client_saw = "";
  std::vector<Mark> marks = {};
  bool silent = false;

  Flow& flow(Direction direction) {
    return direction == Direction::to_server ? to_server : to_client;
  }
  UniqueFd& destination(Direction direction) {
    return direction == Direction::to_server ? to_client.from : to_server.from;
  }
};

CausalProxy::CausalProxy(CausalProxyOptions options)
    : options_(options),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      listener_(listen_on_loopback(SOMAXCONN)),
      port_(port_of(listener_)),
      server_([this] { serve(); }) {}

CausalProxy::~CausalProxy() {
  ::eventfd_write(stop_.get(), 1);
  server_.join();
}

int CausalProxy::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(links_.size());
}

int CausalProxy::depth_of(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  for (const Link& link : links_) {
    const std::size_t at = link.client_saw.find(text);
    if (at != std::string::npos) {
      const std::size_t end = at + text.size();
      return std::find_if(link.marks.begin(), link.marks.end(),
                          [end](const Mark& mark) { return mark.end >= end; })
          ->depth;
    }
  }
  return 0;
}

int CausalProxy::final_depth() const {
  const std::lock_guard lock(mutex_);
  int result = 0;
  for (const Link& link : links_) {
    result = std::max(result, link.to_client.depth);
  }
  return result;
}

std::size_t CausalProxy::bytes(Direction direction) const {
  const std::lock_guard lock(mutex_);
  std::size_t result = 0;
  for (const Link& link : links_) {
    result += (direction == Direction::to_server ? link.to_server : link.to_client).delivered;
  }
  return result;
}

void CausalProxy::serve() {
  while (true) {
    std::vector<pollfd> fds = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    auto next = steady_clock::now() + std::chrono::hours(1);
    for (Link& link : links_) {
      for (const Direction direction : {Direction::to_server, Direction::to_client}) {
        const Flow& flow = link.flow(direction);
        const bool readable = !flow.ended && !link.silent;
        fds.push_back({.fd = readable ? flow.from.get() : -1, .events = POLLIN, .revents = 0});
        next = flow.waiting.empty() ? next : std::min(next, flow.waiting.front().due);
      }
    }
    const auto wait = std::chrono::ceil<milliseconds>(next - steady_clock::now());
    ::poll(fds.data(), fds.size(), static_cast<int>(std::max(wait, milliseconds(0)).count()));
    if (fds[0].revents != 0) {
      return;
    }
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < links_.size(); ++i) {
      // First what is due: what the client sends from now on may be caused by it.
      deliver_due(links_[i]);
      if (fds[2 + 2 * i].revents != 0) {
        take(links_[i], Direction::to_server);
      }
      if (fds[3 + 2 * i].revents != 0) {
        take(links_[i], Direction::to_client);
      }
    }
    if (fds[1].revents != 0) {
      accept_one();
    }
  }
}

void CausalProxy::accept_one() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  UniqueFd server = connect_to(options_.server_port);
  if (!client || !server) {
    return;
  }
  const int on = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  links_.push_back(
      {.to_server = {.from = std::move(client)}, .to_client = {.from = std::move(server)}});
}

void CausalProxy::take(Link& link, Direction direction) {
  Flow& flow = link.flow(direction);
  if (!flow.from) {
    return;
  }
  std::array<char, 65536> buffer = {};
  const ssize_t size = ::recv(flow.from.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  flow.ended = size <= 0;
  const int depth =
      direction == Direction::to_server ? 1 + link.to_client.depth : link.to_server.depth;
  flow.waiting.push_back(
      {.data = flow.ended ? "" : std::string(buffer.data(), static_cast<std::size_t>(size)),
       .depth = depth,
       .due = steady_clock::now() + options_.delay});
}

void CausalProxy::deliver_due(Link& link) {
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    Flow& flow = link.flow(direction);
    while (!flow.waiting.empty() && flow.waiting.front().due <= steady_clock::now()) {
      Chunk chunk = std::move(flow.waiting.front());
      flow.waiting.pop_front();
      if (chunk.data.empty()) {
        ::shutdown(link.destination(direction).get(), SHUT_WR);
        continue;
      }
      const bool cuts = options_.cut && options_.cut->direction == direction &&
                        flow.delivered + chunk.data.size() >= options_.cut->after_bytes;
      if (cuts) {
        chunk.data.resize(options_.cut->after_bytes - flow.delivered);
      }
      // Noted before it is sent, so that whoever has seen the bytes also finds them here.
      flow.delivered += chunk.data.size();
      flow.depth = chunk.depth;
      if (direction == Direction::to_client) {
        link.client_saw += chunk.data;
        link.marks.push_back({.end = link.client_saw.size(), .depth = chunk.depth});
      }
      send_all(link.destination(direction), chunk.data);
      if (cuts) {
        cut(link);
        return;
      }
    }
  }
}

void CausalProxy::cut(Link& link) {
  link.silent = true;
  for (Flow* flow : {&link.to_server, &link.to_client}) {
    flow->waiting.clear();
    if (options_.cut->by == CutBy::silence) {
      continue;
    }
    const linger at_once = {.l_onoff = options_.cut->by == CutBy::reset ? 1 : 0, .l_linger = 0};
    ::setsockopt(flow->from.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    flow->from = UniqueFd();
  }
}

}  // namespace miko::test
