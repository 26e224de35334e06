#include "cli/context_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using std::chrono::seconds;
using test::environment;
using test::TemporaryDirectory;

class ContextStoreTest : public testing::Test {
 protected:
  template <class Action>
  static std::string complaint_about(const Action& action) {
    try {
      static_cast<void>(action());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "none";
  }

  void add(const std::string& name, const std::string& host = "h",
           ContextStore::Existing existing = ContextStore::Existing::keep) const {
    store_.write({.name = name, .host = host}, existing);
  }

  static mode_t mode(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }

  const TemporaryDirectory home_;
  const ContextStore store_{environment({{"HOME", home_.path()}})};
  const Loop loop_;
  FileInput input_{loop_, Clock::now() + seconds(10)};
};

TEST_F(ContextStoreTest, KeepsContextsForTheUserAlone) {
  ::umask(0);
  add("prod");

  EXPECT_EQ(store_.file("prod"), home_.path(".config/miko/contexts/prod.yaml"));
  EXPECT_EQ(mode(home_.path(".config")), 0700U);
  EXPECT_EQ(mode(home_.path(".config/miko")), 0700U);
  EXPECT_EQ(mode(home_.path(".config/miko/contexts")), 0700U);
  EXPECT_EQ(mode(store_.file("prod")), 0600U);
  EXPECT_EQ(store_.read("prod", input_).host, "h");
}

TEST_F(ContextStoreTest, IsWhereXdgSays) {
  const TemporaryDirectory config;
  const ContextStore elsewhere(
      environment({{"HOME", home_.path()}, {"XDG_CONFIG_HOME", config.path()}}));
  const ContextStore relative(environment({{"HOME", home_.path()}, {"XDG_CONFIG_HOME", "here"}}));

  EXPECT_EQ(elsewhere.file("c"), config.path("miko/contexts/c.yaml"));
  EXPECT_EQ(relative.file("c"), store_.file("c"));
}

TEST_F(ContextStoreTest, WithoutHomeThereAreNoContexts) {
  const ContextStore nowhere(environment({}));

  EXPECT_TRUE(nowhere.names().empty());
  EXPECT_EQ(nowhere.selected(input_), std::nullopt);
  EXPECT_EQ(complaint_about([&] { return nowhere.read("c", input_); }), "there is no context 'c'");
  EXPECT_EQ(complaint_about([&] {
              nowhere.write({.name = "c"}, ContextStore::Existing::keep);
              return 0;
            }),
            "there is no folder for contexts");
}

TEST_F(ContextStoreTest, RefusesNamesThatLeadElsewhere) {
  for (const std::string name :
       {"", "..", "../x", "a/b", ".hidden", "-", "-x", "a b", "é", "a\n"}) {
    SCOPED_TRACE(name);

    EXPECT_NE(complaint_about([&] { return store_.read(name, input_); }), "none");
    EXPECT_THROW(add(name), Error);
    EXPECT_THROW(store_.remove(name), Error);
    EXPECT_THROW(store_.select(name), Error);
  }
  EXPECT_THROW(add(std::string(65, 'a')), Error);
  add(std::string(64, 'a'));
  add("a.b-c_1");
}

TEST_F(ContextStoreTest, ListsThemInOrder) {
  add("two");
  add("one");
  static_cast<void>(home_.write_file(".config/miko/contexts/notes.txt", ""));
  static_cast<void>(home_.write_file(".config/miko/contexts/.x.yaml", ""));

  EXPECT_EQ(store_.names(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(ContextStoreTest, ReplacesOnlyWhenTold) {
  add("c", "first");
  EXPECT_EQ(complaint_about([&] {
              add("c", "second");
              return 0;
            }),
            "there is a context 'c' already");
  EXPECT_EQ(store_.read("c", input_).host, "first");

  add("c", "third", ContextStore::Existing::replace);
  EXPECT_EQ(store_.read("c", input_).host, "third");
  EXPECT_EQ(store_.names().size(), 1U);
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(home_.path(".config/miko/contexts")), {}),
      1);
}

TEST_F(ContextStoreTest, FollowsSymbolicLinksAndKeepsThem) {
  const std::string real = home_.write_file("dotfiles/c.yaml", "host: first\n");
  add("other");
  ASSERT_EQ(::symlink(real.c_str(), store_.file("c").c_str()), 0);

  EXPECT_EQ(store_.read("c", input_).host, "first");
  add("c", "second", ContextStore::Existing::replace);
  EXPECT_EQ(test::read_file(real), "host: \"second\"\n");
  EXPECT_TRUE(std::filesystem::is_symlink(store_.file("c")));
}

TEST_F(ContextStoreTest, SelectsOneOrNone) {
  add("c");
  EXPECT_EQ(store_.selected(input_), std::nullopt);

  store_.select("c");
  EXPECT_EQ(store_.selected(input_), "c");
  EXPECT_EQ(complaint_about([&] {
              store_.select("d");
              return 0;
            }),
            "there is no context 'd'");
  EXPECT_EQ(store_.selected(input_), "c");

  store_.select(std::nullopt);
  EXPECT_EQ(store_.selected(input_), std::nullopt);
  store_.select(std::nullopt);
}

TEST_F(ContextStoreTest, RefusesASelectionThatNamesNone) {
  static_cast<void>(home_.write_file(".config/miko/selected", "../../etc/passwd\n"));

  EXPECT_EQ(complaint_about([&] { return store_.selected(input_); }),
            "'" + home_.path(".config/miko/selected") + "' names no context");
}

TEST_F(ContextStoreTest, RemovesOne) {
  add("c");
  store_.remove("c");

  EXPECT_TRUE(store_.names().empty());
  EXPECT_EQ(complaint_about([&] {
              store_.remove("c");
              return 0;
            }),
            "there is no context 'c'");
}

}  // namespace
}  // namespace miko::cli
