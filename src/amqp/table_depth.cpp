#include "amqp/table_depth.h"

#include <cstdint>
#include <vector>

namespace miko::amqp {
namespace {

/// Reads over bytes; every step says whether there were enough of them.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t at() const { return at_; }

  bool skip(std::size_t count) {
    if (bytes_.size() - at_ < count) {
      return false;
    }
    at_ += count;
    return true;
  }

  bool read(std::size_t width, std::uint32_t& value) {
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (at_ == bytes_.size()) {
        return false;
      }
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at_++]);
    }
    return true;
  }

  bool skip_short_string() {
    std::uint32_t size = 0;
    return read(1, size) && skip(size);
  }

  bool skip_long_string() {
    std::uint32_t size = 0;
    return read(4, size) && skip(size);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// Bytes of a value of a fixed size; -1 for other kinds.
int fixed_size(char kind) {
  switch (kind) {
    case 'V':
      return 0;
    case 't':
    case 'b':
    case 'B':
      return 1;
    case 's':
    case 'u':
      return 2;
    case 'I':
    case 'i':
    case 'f':
      return 4;
    case 'D':
      return 5;
    case 'l':
    case 'L':
    case 'd':
    case 'T':
      return 8;
    default:
      return -1;
  }
}

struct Container {
  std::size_t end = 0;
  bool has_keys = true;
};

bool enter(Cursor& cursor, std::vector<Container>& open, bool has_keys) {
  std::uint32_t size = 0;
  if (!cursor.read(4, size)) {
    return false;
  }
  open.push_back({.end = cursor.at() + size, .has_keys = has_keys});
  return true;
}

}  // namespace

bool table_depth_within(std::string_view bytes, int depth_max) {
  Cursor cursor(bytes);
  std::vector<Container> open;
  if (!enter(cursor, open, true)) {
    return false;
  }
  while (!open.empty()) {
    if (cursor.at() == open.back().end) {
      open.pop_back();
      continue;
    }
    if (cursor.at() > open.back().end || open.size() > static_cast<std::size_t>(depth_max)) {
      return false;
    }
    if (open.back().has_keys && !cursor.skip_short_string()) {
      return false;
    }
    std::uint32_t kind = 0;
    if (!cursor.read(1, kind)) {
      return false;
    }
    const int size = fixed_size(static_cast<char>(kind));
    bool whole = false;
    if (kind == 'F' || kind == 'A') {
      whole = enter(cursor, open, kind == 'F');
    } else if (kind == 'S' || kind == 'x') {
      whole = cursor.skip_long_string();
    } else if (size >= 0) {
      whole = cursor.skip(static_cast<std::size_t>(size));
    }
    if (!whole) {
      return false;
    }
  }
  return true;
}

bool header_table_depth_within(std::string_view properties, int depth_max) {
  constexpr std::uint32_t content_type = 1U << 15;
  constexpr std::uint32_t content_encoding = 1U << 14;
  constexpr std::uint32_t headers = 1U << 13;
  Cursor cursor(properties);
  std::uint32_t flags = 0;
  if (!cursor.read(2, flags)) {
    return false;
  }
  // The lowest bit says that more flags follow; class basic has none to put there.
  if ((flags & 1U) != 0) {
    return false;
  }
  if ((flags & headers) == 0) {
    return true;
  }
  if ((flags & content_type) != 0 && !cursor.skip_short_string()) {
    return false;
  }
  if ((flags & content_encoding) != 0 && !cursor.skip_short_string()) {
    return false;
  }
  return table_depth_within(properties.substr(cursor.at()), depth_max);
}

}  // namespace miko::amqp
