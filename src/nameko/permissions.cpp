#include "nameko/permissions.h"

#include <fmt/format.h>

#include "base/text.h"

namespace miko::nameko {
namespace {

/// `text` as one word of a POSIX shell.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return word + "'";
}

/// A regular expression that `text` alone matches, but for its ends.
std::string literal_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern;
}

}  // namespace

std::string permissions_line(std::string_view user, std::string_view vhost,
                             std::string_view exchange) {
  const std::string both =
      shell_word(fmt::format("^(rpc\\.reply-miko-.*|{})$", literal_pattern(printable(exchange))));
  return fmt::format("rabbitmqctl set_permissions -p {} {} {} {} {}", shell_word(printable(vhost)),
                     shell_word(printable(user)), shell_word("^rpc\\.reply-miko-.*$"), both, both);
}

}  // namespace miko::nameko
