#include "cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace miko::cli {
namespace {

/// The first `columns` characters of a line and all of its colour sequences.
std::string clipped(std::string_view line, std::size_t columns) {
  std::string out;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t size = 1;
    if (line[i] == '\x1b') {
      size = std::min(line.find('m', i), line.size() - 1) - i + 1;
    } else {
      while (i + size < line.size() &&
             (static_cast<unsigned char>(line[i + size]) & 0xc0U) == 0x80U) {
        ++size;
      }
      if (++shown > columns) {
        i += size;
        continue;
      }
    }
    out += line.substr(i, size);
    i += size;
  }
  return out;
}

}  // namespace

std::string screen_text(std::string_view text, std::size_t columns, std::size_t rows, bool first) {
  constexpr std::string_view clear_all = "\x1b[2J";
  constexpr std::string_view home = "\x1b[H";
  constexpr std::string_view clear_line = "\x1b[K";
  constexpr std::string_view clear_below = "\x1b[J";
  std::string out(first ? clear_all : "");
  out += home;
  for (std::size_t row = 1; row < rows && !text.empty(); ++row) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += clipped(text.substr(0, end), columns);
    out += clear_line;
    out += "\r\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += clear_below;
  return out;
}

ScreenSize screen_size() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

}  // namespace miko::cli
