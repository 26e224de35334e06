#include "cli/value_line.h"

#include <algorithm>

#include "base/json.h"

namespace miko::cli {

std::string value_line(std::string_view json) {
  const std::string lines = json_format(json, JsonLayout::indented);
  std::string text;
  text.reserve(lines.size());
  for (std::string_view rest = lines; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (text.ends_with(',')) {
      text += ' ';
    }
    text += line;
  }
  return text;
}

}  // namespace miko::cli
