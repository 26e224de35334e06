#include "base/json_stream.h"

namespace miko {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

void JsonStream::append(std::string_view bytes) {
  buffer_.erase(0, begin_);
  at_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
}

std::optional<JsonStream::Value> JsonStream::next() {
  if (state_ == State::between) {
    if (!begun_ && !pass_byte_order_mark()) {
      return std::nullopt;
    }
    skip_blanks();
    if (begin_ == buffer_.size()) {
      return std::nullopt;
    }
    value_line_ = line_;
    const char first = buffer_[begin_];
    state_ = first == '{' || first == '[' ? State::container : State::scalar;
    open_.clear();
    before_ = '\0';
    line_start_ = false;
  }
  const bool complete = state_ == State::container ? scan_container() : scan_scalar();
  if (!complete && !finished_) {
    return std::nullopt;
  }
  const Value value = {.text = std::string_view(buffer_).substr(begin_, at_ - begin_),
                       .line = value_line_};
  begin_ = at_;
  state_ = State::between;
  in_string_ = false;
  return value;
}

void JsonStream::skip_line() {
  // A value that broke off because of what stands on the next line ended with its own line.
  skipping_line_ = begin_ == 0 || buffer_[begin_ - 1] != '\n';
}

/// As some editors put it in front of a file. False: more is needed to tell.
bool JsonStream::pass_byte_order_mark() {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  const std::string_view start = std::string_view(buffer_).substr(begin_, mark.size());
  if (start != mark && mark.starts_with(start) && !finished_) {
    return false;
  }
  begin_ += start == mark ? mark.size() : 0;
  begun_ = true;
  return true;
}

void JsonStream::skip_blanks() {
  while (begin_ < buffer_.size() && (skipping_line_ || is_blank(buffer_[begin_]))) {
    if (buffer_[begin_] == '\n') {
      ++line_;
      skipping_line_ = false;
    }
    ++begin_;
  }
  at_ = begin_;
}

/// Up to the closing bracket, or to where it is clear that there is none. False: more is needed.
bool JsonStream::scan_container() {
  while (at_ < buffer_.size()) {
    if (in_string_) {
      if (!scan_string()) {
        return false;
      }
      if (in_string_) {
        return true;
      }
      before_ = '"';
      continue;
    }
    const char c = buffer_[at_];
    if (c == '\n') {
      ++line_;
      line_start_ = true;
      ++at_;
      continue;
    }
    const bool opens = c == '{' || c == '[';
    if (opens && line_start_ && !may_open()) {
      return true;
    }
    line_start_ = false;
    ++at_;
    if (c == '"') {
      in_string_ = true;
    } else if (opens) {
      open_ += c;
    } else if (c == '}' || c == ']') {
      open_.pop_back();
      if (open_.empty()) {
        return true;
      }
    }
    if (!is_blank(c)) {
      before_ = c;
    }
  }
  return false;
}

/// Whether an array or object may begin here, inside of the innermost one.
bool JsonStream::may_open() const {
  return open_.back() == '{' ? before_ == ':' : before_ == '[' || before_ == ',';
}

/// Inside a string: up to and over its closing quote, which clears in_string_, or up to the line
/// break that a string cannot contain. False: more is needed.
bool JsonStream::scan_string() {
  while (at_ < buffer_.size()) {
    const char c = buffer_[at_];
    if (c == '\n') {
      return true;
    }
    if (c == '\\') {
      if (at_ + 1 == buffer_.size()) {
        at_ += finished_ ? 1 : 0;
        return false;
      }
      at_ += buffer_[at_ + 1] == '\n' ? 1 : 2;
      continue;
    }
    ++at_;
    if (c == '"') {
      in_string_ = false;
      return true;
    }
  }
  return false;
}

bool JsonStream::scan_scalar() {
  if (at_ == begin_) {
    in_string_ = buffer_[at_++] == '"';
  }
  if (in_string_) {
    return scan_string();
  }
  while (at_ < buffer_.size()) {
    const char c = buffer_[at_];
    if (is_blank(c) || c == '{' || c == '[' || c == '"') {
      return true;
    }
    ++at_;
  }
  return false;
}

}  // namespace miko
