#include "base/uuid.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace miko {
namespace {

TEST(RandomUuid, IsOfVersionFourInLowerCase) {
  const std::regex version_4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");

  const std::string uuid = random_uuid();

  EXPECT_TRUE(std::regex_match(uuid, version_4)) << uuid;
}

TEST(RandomUuid, IsNewEachTime) {
  std::set<std::string> uuids;

  for (int i = 0; i < 1000; ++i) {
    uuids.insert(random_uuid());
  }

  EXPECT_EQ(uuids.size(), 1000U);
}

TEST(UuidSource, GivesNewUuidsOfTheSameForm) {
  const std::regex version_4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  UuidSource source;
  std::set<std::string> uuids;

  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = source.next();
    EXPECT_TRUE(std::regex_match(uuid, version_4)) << uuid;
    uuids.insert(uuid);
  }

  EXPECT_EQ(uuids.size(), 1000U);
}

}  // namespace
}  // namespace miko
