#include "cli/name_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using test::environment;
using Names = std::vector<std::string>;

class NameCacheTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return home_.path() + "/.cache/miko/" + name;
  }

  [[nodiscard]] unsigned mode(const std::string& name) const {
    struct stat status = {};
    EXPECT_EQ(::stat(path(name).c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  const test::TemporaryDirectory home_;
  const NameCache cache_ = NameCache(environment({{"HOME", home_.path()}}));
};

TEST_F(NameCacheTest, KeepsEachMethodOnceForItsOwner) {
  cache_.add_method("orders", "get");
  cache_.add_method("orders", "get_all");
  cache_.add_method("orders", "get");
  cache_.add_method("my.orders", "get");

  EXPECT_EQ(cache_.calls(), (Names{"orders.get", "orders.get_all", "my.orders.get"}));
  EXPECT_EQ(mode("methods"), 0600U);
  EXPECT_EQ(mode(""), 0700U);
}

TEST_F(NameCacheTest, KeepsTheNewestMethods) {
  for (int i = 0; i < 3000; ++i) {
    cache_.add_method("a-service-of-a-long-name", "method_" + std::to_string(i));
  }

  const Names calls = cache_.calls();
  EXPECT_EQ(calls.back(), "a-service-of-a-long-name.method_2999");
  EXPECT_GT(calls.size(), 400U);
  EXPECT_LE(std::filesystem::file_size(path("methods")), 32U * 1024);
  EXPECT_EQ(mode("methods"), 0600U);
}

TEST_F(NameCacheTest, KeepsTheServicesOfOneBroker) {
  cache_.keep_services("amqp://a", {"orders", "mail"});

  EXPECT_EQ(cache_.services("amqp://a"), (Names{"orders", "mail"}));
  EXPECT_EQ(cache_.services("amqp://b"), std::nullopt);
  EXPECT_EQ(mode("services"), 0600U);

  cache_.keep_services("amqp://b", {});
  EXPECT_EQ(cache_.services("amqp://b"), Names());
  EXPECT_EQ(cache_.services("amqp://a"), std::nullopt);
}

TEST_F(NameCacheTest, ForgetsServicesAfterHalfAMinute) {
  cache_.keep_services("amqp://a", {"orders"});
  std::filesystem::last_write_time(
      path("services"), std::filesystem::file_time_type::clock::now() - std::chrono::seconds(40));

  EXPECT_EQ(cache_.services("amqp://a"), std::nullopt);
}

TEST_F(NameCacheTest, OffersNothingThatAShellWouldTakeApart) {
  cache_.add_method("orders", "get\nx");
  cache_.add_method("orders", "$(reboot)");
  static_cast<void>(home_.write_file(".cache/miko/methods", "a b\n-x.y\n\x1b[2J.z\n*.q\nok.get\n"));

  EXPECT_EQ(cache_.calls(), Names{"ok.get"});
}

TEST_F(NameCacheTest, IsSilentWhereNothingCanBeKept) {
  for (const test::Variables& variables :
       {test::Variables{}, {{"HOME", home_.path() + "/not/there"}}, {{"HOME", "relative"}}}) {
    const NameCache nowhere(environment(variables));
    nowhere.add_method("orders", "get");
    nowhere.keep_services("amqp://a", {"orders"});

    EXPECT_EQ(nowhere.calls(), Names());
    EXPECT_EQ(nowhere.services("amqp://a"), std::nullopt);
  }
  EXPECT_FALSE(std::filesystem::exists(home_.path() + "/not"));
}

TEST_F(NameCacheTest, DoesNotWaitForAPipe) {
  std::filesystem::create_directories(path(""));
  ASSERT_EQ(::mkfifo(path("methods").c_str(), 0600), 0);

  cache_.add_method("orders", "get");
  EXPECT_EQ(cache_.calls(), Names());
}

}  // namespace
}  // namespace miko::cli
