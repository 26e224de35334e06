#pragma once

#include <string>
#include <string_view>

#include "support/temporary.h"

namespace miko::test {

/// A private authority (ca.pem) and what it certifies, in a folder of its own: server (127.0.0.1
/// and localhost), client, other (another name), nasty (a name that a terminal would obey) and
/// expired, each with its key; an encrypted key, and the keys stranger and rsa, which are nobody's.
class Authority {
 public:
  Authority();

  [[nodiscard]] std::string path(std::string_view name) const { return directory_.path(name); }
  [[nodiscard]] const std::string& folder() const { return directory_.path(); }

 private:
  void make_key(const std::string& name);
  void certify(const std::string& name, const std::string& names, const std::string& days = "2");

  TemporaryDirectory directory_;
};

}  // namespace miko::test
