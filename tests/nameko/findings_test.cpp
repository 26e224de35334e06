#include "nameko/findings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace miko::nameko {
namespace {

class FindingsTest : public testing::Test {
 protected:
  std::string seen() const {
    std::string text;
    for (const Finding& one : found_) {
      text += std::string(one.check) + " " + std::string(verdict_word(one.verdict)) + "\n";
    }
    return text;
  }

  std::vector<Finding> found_;
  const std::function<void(Finding)> found = [this](Finding one) {
    found_.push_back(std::move(one));
  };
  Findings findings_{found};
};

TEST_F(FindingsTest, SkipWhatWasNotReached) {
  findings_.report({.check = "resolve"});
  findings_.report({.check = "connect", .verdict = Verdict::failed});
  findings_.skip_the_rest("");

  EXPECT_EQ(seen(),
            "resolve ok\nconnect failed\ntls skipped\nlogin skipped\nvhost skipped\n"
            "exchange skipped\nrights skipped\nreply_queue skipped\nround_trip skipped\n");
}

TEST_F(FindingsTest, KnowWhatComesNext) {
  EXPECT_EQ(findings_.next_check(), "resolve");
  findings_.report({.check = "vhost"});
  EXPECT_EQ(findings_.next_check(), "exchange");
  findings_.start_over();
  EXPECT_EQ(findings_.next_check(), "resolve");
  findings_.report({.check = "service"});
  EXPECT_EQ(findings_.next_check(), "service");
}

TEST_F(FindingsTest, TakeTimeUnlessTheyAreSkipped) {
  findings_.report({.check = "resolve"});
  findings_.report({.check = "connect", .elapsed = std::chrono::seconds(3)});
  findings_.report({.check = "tls", .verdict = Verdict::skipped});

  EXPECT_TRUE(found_[0].elapsed.has_value());
  EXPECT_EQ(found_[1].elapsed, std::chrono::seconds(3));
  EXPECT_FALSE(found_[2].elapsed.has_value());
}

TEST(TlsFinding, WarnsOfWhatEndsSoonAndOfWhatWasNotChecked) {
  const amqp::Certificate good = {.names = "h",
                                  .issuer = "A",
                                  .expires = "2030-01-01 00:00 UTC",
                                  .days_left = 100,
                                  .chain_length = 2,
                                  .verified = true};
  amqp::Certificate ending = good;
  ending.days_left = 29;
  amqp::Certificate unchecked = good;
  unchecked.verified = false;

  EXPECT_EQ(tls_finding("TLSv1.3", good).verdict, Verdict::ok);
  EXPECT_EQ(tls_finding("TLSv1.3", good).detail,
            "TLSv1.3, for h, issued by A, expires 2030-01-01 00:00 UTC (in 100 days), chain of 2");
  EXPECT_EQ(tls_finding("TLSv1.3", ending).verdict, Verdict::warning);
  EXPECT_EQ(tls_finding("TLSv1.3", unchecked).verdict, Verdict::warning);
}

}  // namespace
}  // namespace miko::nameko
