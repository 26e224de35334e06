// Numbers of any size, by what they stand for.

#include "base/json_number.h"

#include <gtest/gtest.h>

namespace miko {
namespace {

TEST(JsonNumber, IsEqualWhateverItsSpelling) {
  const std::pair<const char*, const char*> same[] = {
      {"1.10", "1.1"}, {"11e-1", "1.1"},     {"-0.0", "0"},        {"0e7", "0"},
      {"1e3", "1000"}, {"0.001", "1.0e-03"}, {"1E+400", "10e399"}, {"Infinity", "Infinity"}};
  for (const auto& [one, other] : same) {
    EXPECT_TRUE(JsonNumber::parse(one) == JsonNumber::parse(other)) << one << " " << other;
  }
}

TEST(JsonNumber, HasAnOrderInAnySize) {
  const char* ascending[] = {"-Infinity",
                             "-1e400",
                             "-10",
                             "-9.5",
                             "-0.1",
                             "0",
                             "1e-400",
                             "0.1",
                             "1",
                             "1.05",
                             "1.5",
                             "2",
                             "10",
                             "10000000000000000000000000000000001",
                             "10000000000000000000000000000000002",
                             "1e400",
                             "1e99999999999999999999999",
                             "Infinity"};
  for (std::size_t i = 0; i + 1 < std::size(ascending); ++i) {
    const JsonNumber less = JsonNumber::parse(ascending[i]);
    const JsonNumber more = JsonNumber::parse(ascending[i + 1]);

    EXPECT_TRUE(less < more) << ascending[i] << " " << ascending[i + 1];
    EXPECT_TRUE(more > less) << ascending[i] << " " << ascending[i + 1];
  }
}

TEST(JsonNumber, NaNHasNoOrder) {
  const JsonNumber nan = JsonNumber::parse("NaN");

  EXPECT_FALSE(nan == nan);
  EXPECT_FALSE(nan < JsonNumber::parse("1"));
  EXPECT_FALSE(nan > JsonNumber::parse("1"));
}

}  // namespace
}  // namespace miko
