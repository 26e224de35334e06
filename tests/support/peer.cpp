#include "support/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace miko::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr MethodId publish = {60, 40};
constexpr MethodId connection_close = {10, 50};

/// Waits until `fd` is ready for `events`; a readable `stop` ends the script, unless `fd` has
/// something to say as well. False when `limit` is over; a negative limit is none.
bool wait_for(int fd, short events, int stop, milliseconds limit = milliseconds(-1)) {
  std::array<pollfd, 2> fds = {{
      {.fd = fd, .events = events, .revents = 0},
      {.fd = stop, .events = POLLIN, .revents = 0},
  }};
  int ready = -1;
  do {
    ready = ::poll(fds.data(), fds.size(), static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0 && fds[0].revents == 0) {
    throw ScriptEnded{};
  }
  return ready > 0;
}

}  // namespace

void Journal::add(const Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

std::vector<Request> Journal::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

MethodId Frame::method() const {
  if (type != static_cast<int>(FrameType::method)) {
    return {};
  }
  ByteReader reader(payload);
  const std::uint16_t class_id = reader.u16();
  return {.class_id = class_id, .method_id = reader.u16()};
}

ByteReader Frame::arguments() const {
  return ByteReader(std::string_view(payload).substr(4));
}

Peer::Peer(UniqueFd socket, int stop, int number, Journal& journal)
    : socket_(std::move(socket)), stop_(stop), number_(number), journal_(journal) {
  ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
}

bool Peer::fill() {
  if (!socket_) {
    return false;
  }
  wait_for(socket_.get(), POLLIN, stop_);
  std::array<char, 65536> part = {};
  const ssize_t size = ::recv(socket_.get(), part.data(), part.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  if (size <= 0) {
    return false;
  }
  buffer_.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

std::string Peer::read_exactly(std::size_t size) {
  while (buffer_.size() < size) {
    if (!fill()) {
      throw ClientLeft("the client left while the fake server expected more from it");
    }
  }
  std::string result = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return result;
}

Frame Peer::read_frame() {
  const std::string head = read_exactly(7);
  ByteReader reader(head);
  Frame result;
  result.type = reader.u8();
  result.channel = reader.u16();
  result.payload = read_exactly(reader.u32());
  if (read_exactly(1) != "\xCE") {
    throw std::runtime_error("a frame from the client has no frame end");
  }
  return result;
}

Frame Peer::read_method(MethodId method) {
  while (true) {
    Frame result = read_frame();
    if (result.method() == method) {
      return result;
    }
    if (result.method() == connection_close) {
      ByteReader arguments = result.arguments();
      arguments.u16();
      const std::string text = arguments.short_string();
      answer(result);
      throw ClientLeft("the client closed its connection instead of going on: " + text);
    }
    if (result.method() == publish) {
      read_content(result);
    } else {
      answer(result);
    }
  }
}

Request Peer::read_request() {
  const Frame method = read_method(publish);
  return read_content(method);
}

Request Peer::read_content(const Frame& publish_frame) {
  Request result;
  result.channel = publish_frame.channel;
  ByteReader arguments = publish_frame.arguments();
  arguments.u16();
  result.exchange = arguments.short_string();
  result.routing_key = arguments.short_string();
  result.mandatory = (arguments.u8() & 1U) != 0;

  const Frame header = read_frame();
  if (header.type != static_cast<int>(FrameType::header)) {
    throw std::runtime_error("no content header follows the client's basic.publish");
  }
  ByteReader reader(header.payload);
  reader.u32();
  const std::uint64_t size = reader.u64();
  result.raw_properties = reader.rest();
  result.properties = decode_properties(result.raw_properties);
  while (result.body.size() < size) {
    const Frame part = read_frame();
    if (part.type == static_cast<int>(FrameType::body)) {
      result.body += part.payload;
    }
  }
  const auto confirms = confirm_channels_.find(result.channel);
  if (confirms != confirm_channels_.end()) {
    result.delivery_tag = ++confirms->second;
  }
  journal_.add(result);
  return result;
}

void Peer::reply(const Request& request, std::string_view body, const ReplyOptions& options) {
  confirm_once(request);
  send_raw(reply_frames(request, body, options));
}

std::string Peer::reply_frames(const Request& request, std::string_view body,
                               const ReplyOptions& options) const {
  const unsigned channel = options.channel.value_or(request.channel);
  const Properties properties = {
      .content_type = options.content_type,
      .content_encoding = options.content_encoding,
      .raw_headers = options.raw_headers,
      .delivery_mode = 2,
      .priority = 0,
      .correlation_id =
          options.correlation_id ? options.correlation_id : request.properties.correlation_id,
  };
  Bytes deliver;
  deliver.short_string(consumer_tag_).u64(1).u8(0).short_string(request.exchange);
  deliver.short_string(request.properties.reply_to.value_or(""));
  Bytes header;
  header.u16(options.content_class).u16(0).u64(options.body_size.value_or(body.size()));
  header.raw(encode(properties));
  std::string result = method_frame(channel, {60, 60}, deliver);
  result += frame(FrameType::header, channel, header.str());
  for (std::size_t start = 0; start < body.size(); start += options.frame_size) {
    result += frame(FrameType::body, channel, body.substr(start, options.frame_size));
  }
  return result;
}

void Peer::confirm_once(const Request& request) {
  if (request.delivery_tag != 0 && !confirmed_[{request.channel, request.delivery_tag}]) {
    ack(request);
  }
}

void Peer::ack(const Request& request) {
  confirmed_[{request.channel, request.delivery_tag}] = true;
  send_method(request.channel, {60, 80}, Bytes().u64(request.delivery_tag).u8(0));
}

void Peer::nack(const Request& request) {
  confirmed_[{request.channel, request.delivery_tag}] = true;
  send_method(request.channel, {60, 120}, Bytes().u64(request.delivery_tag).u8(0));
}

void Peer::return_unroutable(const Request& request) {
  Bytes arguments;
  arguments.u16(312).short_string("NO_ROUTE").short_string(request.exchange);
  arguments.short_string(request.routing_key);
  send_method(request.channel, {60, 50}, arguments);
  send_header(request.channel, 60, request.body.size(), request.raw_properties);
  if (!request.body.empty()) {
    send_body(request.channel, request.body);
  }
  confirm_once(request);
}

Goodbye Peer::answer_close() {
  Frame close;
  try {
    close = read_method(connection_close);
  } catch (const ClientLeft&) {
    return Goodbye::abrupt;
  }
  try {
    answer(close);
  } catch (const ScriptEnded&) {
    // It did not wait for close-ok, which it is free to do.
  }
  return Goodbye::polite;
}

void Peer::stay_silent() {
  try {
    while (true) {
      const Frame next = read_frame();
      if (next.method() == publish) {
        read_content(next);
      }
    }
  } catch (const ClientLeft&) {
    // What it was asked to wait for.
  }
}

void Peer::pause(milliseconds duration) {
  wait_for(-1, 0, stop_, duration);
}

void Peer::freeze() {
  wait_for(-1, 0, stop_);
}

void Peer::send_raw(std::string_view bytes) {
  if (!socket_) {
    throw std::logic_error("the script sends on a connection that it has closed");
  }
  while (!bytes.empty()) {
    wait_for(socket_.get(), POLLOUT, stop_);
    const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
      throw ScriptEnded{};
    }
    bytes.remove_prefix(size < 0 ? 0 : static_cast<std::size_t>(size));
  }
}

void Peer::drip(std::string_view bytes, std::size_t size, milliseconds pause_after) {
  for (std::size_t start = 0; start < bytes.size(); start += size) {
    send_raw(bytes.substr(start, size));
    pause(pause_after);
  }
}

void Peer::close() {
  std::array<char, 65536> ignored = {};
  while (socket_ && ::recv(socket_.get(), ignored.data(), ignored.size(), 0) > 0) {
    // Unread bytes would turn the end of file into a reset.
  }
  socket_ = UniqueFd();
}

void Peer::reset() {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_ = UniqueFd();
}

void Peer::finish() {
  if (!socket_) {
    return;
  }
  ::shutdown(socket_.get(), SHUT_WR);
  const auto give_up = steady_clock::now() + milliseconds(2000);
  while (wait_for(
      socket_.get(), POLLIN, stop_,
      std::max(duration_cast<milliseconds>(give_up - steady_clock::now()), milliseconds(0)))) {
    std::array<char, 4096> ignored = {};
    if (::recv(socket_.get(), ignored.data(), ignored.size(), 0) <= 0 && errno != EAGAIN) {
      break;
    }
  }
  socket_ = UniqueFd();
}

}  // namespace miko::test
