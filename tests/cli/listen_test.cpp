#include "cli/listen.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

/// "SERVICE: EVENT EVENT; SERVICE:"
std::string described(const ListenOptions& options) {
  std::string text;
  for (const Subscription& one : subscriptions_of(options)) {
    text += (text.empty() ? "" : "; ") + one.service + ":";
    for (const std::string& type : one.types) {
      text += " " + type;
    }
  }
  return text;
}

TEST(Subscriptions, AreAServiceAndItsEvents) {
  EXPECT_EQ(described({.words = {"orders"}}), "orders:");
  EXPECT_EQ(described({.words = {"orders", "paid", "refund.*"}}), "orders: paid refund.*");
  EXPECT_EQ(described({.words = {"lab.orders"}}), "lab.orders:");
}

TEST(Subscriptions, AreThoseOfOtherServicesAsWell) {
  EXPECT_EQ(described({.words = {"orders", "paid"},
                       .also = {"shipping=sent", "invoices", "shipping=lost", "orders=sent"}}),
            "orders: paid sent; shipping: sent lost; invoices:");
}

TEST(Subscriptions, OfAllEventsSwallowThoseOfSome) {
  EXPECT_EQ(described({.words = {"orders", "paid"}, .also = {"orders"}}), "orders:");
  EXPECT_EQ(described({.words = {"orders"}, .also = {"orders=paid"}}), "orders:");
}

TEST(Subscriptions, NeedAService) {
  EXPECT_THROW(static_cast<void>(described({})), Error);
  EXPECT_THROW(static_cast<void>(described({.words = {"amqp://h"}})), Error);
}

}  // namespace
}  // namespace miko::cli
