// Row 28 of the fault matrix, in a cluster: what happens to a call when the node it is made
// through hangs or dies, and what happens to the next one.

#include <csignal>

#include "fault/fault_call.h"
#include "support/eventually.h"
#include "support/lab.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class ClusterFault : public testing::Test {
 protected:
  void SetUp() override { MIKO_SKIP_BECAUSE(cluster_.why_no_nameko(nameko_2)); }

  [[nodiscard]] std::string first_then_second() const {
    return cluster_.nodes()[0].uri + ";" + cluster_.nodes()[1].uri;
  }

  /// Sends a signal to the node that comes first; says whether the second one misses it then.
  [[nodiscard]] bool take_first_node_away(int signal) const {
    const std::string down = "rabbit on node '" + cluster_.nodes()[0].name + "' down";
    const std::string& log = cluster_.nodes()[1].log;
    return ::kill(cluster_.nodes()[0].pid, signal) == 0 &&
           eventually([&] { return read_file(log).find(down) != std::string::npos; },
                      std::chrono::seconds(30));
  }

  /// Three, because RabbitMQ 4.3 declares nothing without a majority of its nodes. They notice
  /// after the tick time that one of them hangs.
  const Lab cluster_ = Lab::start({.nameko_versions = {std::string(nameko_2)},
                                   .nodes = 3,
                                   .broker_config = {"net_ticktime = 4"}});
};

TEST_F(ClusterFault, ANodeThatHangsIsPassedOver) {
  ASSERT_TRUE(take_first_node_away(SIGSTOP));

  const Outcome run = fault_call(first_then_second(), {.options = {"name=Ann"}});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
}

TEST_F(ClusterFault, Row28_ACallThroughANodeThatIsKilledIsLostAndNotSentAgain) {
  const std::string& executed = cluster_.service(nameko_2).executed;
  Child child(miko_command({"call", "lab", "record_slowly", "token=first", "seconds:=30",
                            "--broker", first_then_second(), "--timeout", "20s"}));
  ASSERT_TRUE(eventually([&] { return read_file(executed) == "first\n"; }));

  ASSERT_TRUE(take_first_node_away(SIGKILL));
  const Outcome lost = child.wait();
  const Outcome next = miko(
      {"call", "lab", "record", "token=next", "--broker", first_then_second(), "--timeout", "20s"});

  expect_fault(lost, 9, "connection_lost", "maybe");
  EXPECT_EQ(next.out, "\"next\"\n") << next.err;
  // The queue is in order: a second request of the first call would have run before.
  EXPECT_EQ(read_file(executed), "first\nnext\n");
}

}  // namespace
}  // namespace miko::test
