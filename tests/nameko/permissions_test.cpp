#include "nameko/permissions.h"

#include <gtest/gtest.h>

namespace miko::nameko {
namespace {

TEST(PermissionsLine, GrantsWhatACallNeeds) {
  EXPECT_EQ(permissions_line("bob", "/", "nameko-rpc"),
            R"(rabbitmqctl set_permissions -p '/' 'bob' '^rpc\.reply-miko-.*$' )"
            R"('^(rpc\.reply-miko-.*|nameko-rpc)$' '^(rpc\.reply-miko-.*|nameko-rpc)$')");
}

TEST(PermissionsLine, QuotesWhatAShellOrAPatternWouldTakeForItsOwn) {
  EXPECT_EQ(permissions_line("o'neil", "a b", "x.y+z"),
            R"(rabbitmqctl set_permissions -p 'a b' 'o'\''neil' '^rpc\.reply-miko-.*$' )"
            R"('^(rpc\.reply-miko-.*|x\.y\+z)$' '^(rpc\.reply-miko-.*|x\.y\+z)$')");
}

}  // namespace
}  // namespace miko::nameko
