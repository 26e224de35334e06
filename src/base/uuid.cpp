#include "base/uuid.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>

#include "base/error.h"

namespace miko {

namespace {

constexpr std::size_t uuid_size = 16;

void fill_randomly(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno != EINTR) {
      throw Error({.kind = ErrorKind::internal, .message = "the system has no randomness"});
    }
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

std::string uuid_text(std::span<std::uint8_t, uuid_size> bytes) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);

  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  char* at = text.data();
  for (const std::uint8_t byte : bytes) {
    at += *at == '-' ? 1 : 0;
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 0x0f];
  }
  return text;
}

}  // namespace

std::string random_uuid() {
  std::array<std::uint8_t, uuid_size> bytes = {};
  fill_randomly(bytes);
  return uuid_text(bytes);
}

std::string UuidSource::next() {
  if (used_ == bytes_.size()) {
    fill_randomly(bytes_);
    used_ = 0;
  }
  const std::span<std::uint8_t, uuid_size> bytes(bytes_.data() + used_, uuid_size);
  used_ += uuid_size;
  return uuid_text(bytes);
}

}  // namespace miko
