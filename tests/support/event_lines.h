#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/eventually.h"
#include "support/lab.h"
#include "support/temporary.h"

namespace miko::test {

/// The lines that the event handlers of lab_service.py have left, among others.
inline std::vector<std::string> handler_lines(const Service& service) {
  std::vector<std::string> lines;
  const std::string text = read_file(service.executed);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// How many of them are `line`, or begin with it and a blank.
inline int count_of(const std::vector<std::string>& lines, std::string_view line) {
  int count = 0;
  for (const std::string& one : lines) {
    const bool longer = one.size() > line.size() && one[line.size()] == ' ';
    count += one.starts_with(line) && (one.size() == line.size() || longer) ? 1 : 0;
  }
  return count;
}

}  // namespace miko::test
