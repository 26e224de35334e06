#include "cli/tap_filter.h"

#include <fnmatch.h>

#include "cli/tap_line.h"

namespace miko::cli {

bool TapFilter::passes(const Exchange& exchange) const {
  if (errors && exchange.reply.ok()) {
    return false;
  }
  if (slow && exchange.reply.elapsed < *slow) {
    return false;
  }
  if (!method.empty()) {
    const bool whole = method.find('.') != std::string::npos;
    const std::string name = whole ? exchange.service + '.' + exchange.method : exchange.method;
    if (::fnmatch(method.c_str(), name.c_str(), 0) != 0) {
      return false;
    }
  }
  if (text.empty()) {
    return true;
  }
  return arguments_text(exchange, Values::whole).find(text) != std::string::npos ||
         outcome_text(exchange, Values::whole).find(text) != std::string::npos;
}

}  // namespace miko::cli
