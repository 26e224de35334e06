#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace miko::amqp {

/// Bytes that arrived and have not been understood yet. Room for two of the largest frames, so that
/// there always is some behind an incomplete one.
class Inbox {
 public:
  [[nodiscard]] std::string_view bytes() const { return {buffer_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }

  /// The first `count` bytes are done with. They stay readable until make_room().
  void consume(std::size_t count) { begin_ += count; }

  /// Moves what is left to the front and returns where the next bytes go: room() of them.
  char* make_room() {
    if (begin_ > 0) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return buffer_.get() + end_;
  }
  [[nodiscard]] std::size_t room() const { return size - end_; }

  /// `count` bytes were written where make_room() said.
  void received(std::size_t count) { end_ += count; }

  void clear() { begin_ = end_ = 0; }

 private:
  static constexpr std::size_t size = 256UL * 1024;

  // Not initialised: pages of it that no broker fills are never touched.
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(size);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace miko::amqp
