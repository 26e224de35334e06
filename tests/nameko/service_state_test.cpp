#include "nameko/service_state.h"

#include <gtest/gtest.h>

namespace miko {
namespace {

TEST(ExplainSilence, SaysWhatACallWaitsFor) {
  const std::pair<ServiceState, std::string_view> cases[] = {
      {{.deployed = true, .instances = 0, .ready = 14}, "no instance is running, 14 calls waiting"},
      {{.deployed = true, .instances = 0, .ready = 1}, "no instance is running, 1 call waiting"},
      {{.deployed = true, .instances = 3, .ready = 120}, "3 instances, 120 waiting: overloaded"},
      {{.deployed = true, .instances = 1, .ready = 0}, "taken by an instance, still running"},
      {{.deployed = false}, "the service's queue is gone"},
      {{.hidden = true}, "the broker does not show this user why"},
  };
  for (const auto& [state, text] : cases) {
    EXPECT_EQ(explain_silence(state), text);
    EXPECT_NE(advice(state, true), "");
  }
}

TEST(CountsText, CountsInstancesAndRequests) {
  EXPECT_EQ(counts_text({.instances = 1, .ready = 0}), "1 instance, 0 requests waiting");
  EXPECT_EQ(counts_text({.instances = 2, .ready = 1}), "2 instances, 1 request waiting");
}

TEST(Advice, KnowsWhetherTheRequestWillRunLater) {
  const ServiceState stopped = {.deployed = true, .ready = 1};

  EXPECT_EQ(advice(stopped, true), "start the service; this request has expired by then");
  EXPECT_EQ(advice(stopped, false), "start the service; it will run this request then");
}

}  // namespace
}  // namespace miko
