#include "cli/table.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace miko::cli {
namespace {

std::string_view sequence_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::careful:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::faint:
      return "\x1b[2m";
  }
  return "";
}

/// In characters; of those that miko prints nearly all are one column wide.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

}  // namespace

std::string Table::text(bool colour) const {
  std::vector<std::vector<Cell>> lines = {{}};
  for (const std::string& name : names_) {
    lines.front().push_back({.text = name, .tone = Tone::faint});
  }
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(names_.size());
  for (std::vector<Cell>& line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line[i].text = printable(line[i].text);
      widths[i] = std::max(widths[i], width_of(line[i].text));
    }
  }
  std::string out;
  for (const std::vector<Cell>& line : lines) {
    std::string shown;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool plain = !colour || line[i].text.empty();
      const std::string_view sequence = plain ? "" : sequence_of(line[i].tone);
      shown += sequence;
      shown += line[i].text;
      shown += sequence.empty() ? "" : "\x1b[0m";
      shown.append(widths[i] - width_of(line[i].text) + 2, ' ');
    }
    shown.erase(shown.find_last_not_of(' ') + 1);
    out += shown + '\n';
  }
  return out;
}

}  // namespace miko::cli
