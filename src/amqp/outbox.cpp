#include "amqp/outbox.h"

#include <algorithm>

#include "amqp/codec.h"

namespace miko::amqp {
namespace {

/// Bodies up to this size are copied into the buffer; larger ones wait in a segment of their own.
constexpr std::size_t small_body_max = 64UL * 1024;
constexpr std::size_t buffer_size_max = 256UL * 1024;

std::size_t framed_size(std::size_t body_size, std::size_t frame_max) {
  const std::size_t piece_max = frame_max - frame_overhead;
  const std::size_t pieces = (body_size + piece_max - 1) / piece_max;
  return body_size + pieces * frame_overhead;
}

}  // namespace

std::string& Outbox::tail() {
  if (segments_.empty()) {
    return buffer_;
  }
  if (!segments_.back().body.empty()) {
    segments_.emplace_back();
  }
  return segments_.back().frames;
}

void Outbox::append(std::string_view frames) {
  appended_total_ += frames.size();
  tail() += frames;
}

void Outbox::append(Message&& message, std::size_t frame_max) {
  if (message.body.size() <= std::min(small_body_max, frame_max - frame_overhead)) {
    append_small(message, frame_max);
    return;
  }
  std::string frames;
  append_publish(frames, message, frame_max);
  appended_total_ += frames.size() + framed_size(message.body.size(), frame_max);
  segments_.push_back(
      {.frames = std::move(frames), .body = std::move(message.body), .frame_max = frame_max});
}

void Outbox::append_small(const Message& message, std::size_t frame_max) {
  std::string& frames = tail();
  const std::size_t before = frames.size();
  try {
    append_publish(frames, message, frame_max);
  } catch (...) {
    frames.resize(before);
    throw;
  }
  if (!message.body.empty()) {
    append_body_frame(frames, message.body);
  }
  appended_total_ += frames.size() - before;
}

std::string_view Outbox::front() {
  if (buffer_at_ == buffer_.size()) {
    refill();
  }
  return std::string_view(buffer_).substr(buffer_at_);
}

void Outbox::sent(std::size_t bytes) {
  buffer_at_ += bytes;
  sent_total_ += bytes;
  // The larger part is enough: a buffer that never runs empty must not grow for ever.
  if (buffer_at_ == buffer_.size() || buffer_at_ >= std::max(buffer_size_max, buffer_.size() / 2)) {
    buffer_.erase(0, buffer_at_);
    buffer_at_ = 0;
  }
}

void Outbox::cut(std::uint64_t position) {
  buffer_.resize(buffer_at_ + (position - sent_total_));
  segments_.clear();
  body_at_ = 0;
  appended_total_ = position;
}

void Outbox::refill() {
  buffer_.clear();
  buffer_at_ = 0;
  while (!segments_.empty() && buffer_.size() < buffer_size_max) {
    Segment& segment = segments_.front();
    buffer_ += segment.frames;
    segment.frames.clear();
    if (body_at_ < segment.body.size()) {
      const std::string_view piece =
          std::string_view(segment.body).substr(body_at_, segment.frame_max - frame_overhead);
      append_body_frame(buffer_, piece);
      body_at_ += piece.size();
    }
    if (body_at_ == segment.body.size()) {
      segments_.pop_front();
      body_at_ = 0;
    }
  }
}

}  // namespace miko::amqp
