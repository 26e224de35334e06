// Rows of the fault matrix that a real RabbitMQ plays: what it refuses, and what becomes of calls
// and reply queues when it, or miko, is killed or frozen.

#include <unistd.h>

#include <csignal>
#include <regex>

#include "fault/real_broker.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

using std::chrono::seconds;

/// A miko that waits for a reply which does not come for half a minute.
class WaitingCall {
 public:
  explicit WaitingCall(const std::string& uri, const std::string& timeout = "25s")
      : child_(miko_command({"call", "lab", "slow", ":=30", "-v", "--timeout", timeout, "-b", uri},
                            {.time_limit = seconds(60)})) {
    const std::string said = child_.read_stderr_until("confirm");
    std::smatch name;
    EXPECT_TRUE(std::regex_search(said, name, std::regex("ready +(rpc\\.reply-[^ \n]+)")));
    queue_ = name[1];
  }

  Child& child() { return child_; }
  /// Name of its reply queue.
  [[nodiscard]] const std::string& queue() const { return queue_; }

 private:
  Child child_;
  std::string queue_;
};

bool has_queue(const Lab& lab, const std::string& name) {
  const Outcome list = lab.rabbitmqctl({"-q", "list_queues", "--no-table-headers", "name"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  return list.out.find(name) != std::string::npos;
}

/// rabbitmqctl takes its time, above all on a busy machine.
bool disappears(const Lab& lab, const std::string& queue) {
  return eventually([&] { return !has_queue(lab, queue); }, seconds(30));
}

Lab lab_with_nameko(std::vector<std::string> broker_config = {}) {
  return Lab::start(
      {.nameko_versions = {std::string(nameko_2)}, .broker_config = std::move(broker_config)});
}

/// A user of the shared lab for one test.
class TemporaryUser {
 public:
  explicit TemporaryUser(User user) : user_(std::move(user)) {
    user_.name += "-" + std::to_string(::getpid());
    EXPECT_EQ(lab().rabbitmqctl({"add_user", user_.name, user_.password}).exit_code, 0);
    EXPECT_EQ(
        lab()
            .rabbitmqctl({"set_permissions", user_.name, user_.configure, user_.write, user_.read})
            .exit_code,
        0);
  }
  ~TemporaryUser() { static_cast<void>(lab().rabbitmqctl({"delete_user", user_.name})); }
  TemporaryUser(const TemporaryUser&) = delete;
  TemporaryUser& operator=(const TemporaryUser&) = delete;

  [[nodiscard]] std::string uri() const { return lab().uri(user_); }

 private:
  User user_;
};

class RealBroker : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(nameko_2); }
};

TEST_F(RealBroker, Row18_IsFrozenAndHeartbeatsEndTheCall) {
  const Lab own = lab_with_nameko();
  WaitingCall call(own.uri() + "?heartbeat=1");

  ASSERT_EQ(::kill(own.broker_pid(), SIGSTOP), 0);
  const Outcome run = call.child().wait();

  expect_fault(run, 9, "connection_lost", "maybe");
  expect_message(run, "the broker was silent for 2 s");
}

TEST_F(RealBroker, Row18_IsFrozenAndTheTimeoutComesFirst) {
  const Lab own = lab_with_nameko();
  WaitingCall call(own.uri() + "?heartbeat=20", "4s");

  ASSERT_EQ(::kill(own.broker_pid(), SIGSTOP), 0);
  const Outcome run = call.child().wait();

  expect_fault(run, 124, "timeout", "maybe");
}

TEST_F(RealBroker, Row19_PasswordIsWrong) {
  const Outcome run =
      call_at(lab().uri({.name = lab().user(), .password = "wr0ng-word"}), {"greeting", "hello"});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "login refused for user 'miko'");
  EXPECT_EQ(run.err.find("wr0ng-word"), std::string::npos) << run.err;
}

TEST_F(RealBroker, Row21_VhostIsMissing) {
  const Outcome run = call_at(lab().uri("no such vhost"), {"greeting", "hello"});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "vhost no such vhost not found");
}

TEST_F(RealBroker, Row22_NoRightToDeclareTheReplyQueue) {
  const TemporaryUser user(
      {.name = "row22", .password = "pw", .configure = "^$", .write = ".*", .read = ".*"});

  const Outcome run = call_at(user.uri(), {"greeting", "hello", "name=Ann"});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "ACCESS_REFUSED");
}

TEST_F(RealBroker, Row23_NoRightToPublish) {
  const TemporaryUser user({.name = "row23",
                            .password = "pw",
                            .configure = "^rpc\\.reply-.*",
                            .write = "^rpc\\.reply-.*",
                            .read = ".*"});

  const Outcome run = call_at(user.uri(), {"greeting", "hello", "name=Ann"});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "'nameko-rpc'");
}

TEST_F(RealBroker, Row24_ExchangeIsMissing) {
  const Outcome run = call_at(lab().uri("empty"), {"greeting", "hello"});

  expect_fault(run, 4, "unknown_service", "no");
  EXPECT_NE(run.error("/error/hint").find("ever run here"), std::string::npos) << run.err;
}

TEST_F(RealBroker, Row25_NobodyListens) {
  const Outcome run = call_at(lab().uri(), {"greting", "hello"});

  expect_fault(run, 4, "unknown_service", "no");
  expect_message(run, "no service 'greting' here");
}

TEST_F(RealBroker, Row27_IsOutOfMemory) {
  const Lab own = lab_with_nameko();
  ASSERT_EQ(own.rabbitmqctl({"set_vm_memory_high_watermark", "0"}).exit_code, 0);
  ASSERT_TRUE(eventually(
      [&own] {
        return own.broker_log().find("memory resource limit alarm set") != std::string::npos;
      },
      seconds(30)));

  const Outcome run = call_at(own.uri(), {"lab", "record", "token=blocked", "--timeout", "2s"});

  expect_fault(run, 124, "timeout", "maybe");
  expect_message(run, "the broker is blocked (low on memory)");
  EXPECT_LT(run.duration, seconds(2) + overshoot_max);
}

TEST_F(RealBroker, Row28_IsKilledWhileMikoWaits) {
  const Lab own = lab_with_nameko();
  WaitingCall call(own.uri());

  ASSERT_EQ(::kill(own.broker_pid(), SIGKILL), 0);

  expect_fault(call.child().wait(), 9, "connection_lost", "maybe");
}

TEST_F(RealBroker, Row29_IsShutDownPolitely) {
  const Lab own = lab_with_nameko();
  WaitingCall call(own.uri());

  ASSERT_EQ(own.rabbitmqctl({"stop_app"}).exit_code, 0);
  const Outcome run = call.child().wait();

  expect_fault(run, 9, "connection_lost", "maybe");
  expect_message(run, "320 CONNECTION_FORCED");
}

TEST_F(RealBroker, Row30_ReplyQueueIsDeleted) {
  WaitingCall call(lab().uri());

  ASSERT_EQ(lab().rabbitmqctl({"delete_queue", call.queue()}).exit_code, 0);
  const Outcome run = call.child().wait();

  expect_fault(run, 9, "connection_lost", "maybe");
  expect_message(run, "cancelled the consumer of " + call.queue());
}

TEST_F(RealBroker, Row31_KilledMikoLeavesNoQueue) {
  WaitingCall call(lab().uri());
  ASSERT_TRUE(has_queue(lab(), call.queue()));

  call.child().send_signal(SIGKILL);

  EXPECT_EQ(call.child().wait().signal, SIGKILL);
  EXPECT_TRUE(disappears(lab(), call.queue()));
}

TEST_F(RealBroker, Row32_FrozenMikoLosesItsQueueAndSaysSo) {
  WaitingCall call(lab().uri() + "?heartbeat=1");
  ASSERT_TRUE(has_queue(lab(), call.queue()));

  call.child().send_signal(SIGSTOP);
  EXPECT_TRUE(disappears(lab(), call.queue()));
  call.child().send_signal(SIGCONT);
  const Outcome run = call.child().wait();

  expect_fault(run, 9, "connection_lost", "maybe");
}

TEST_F(RealBroker, Row33_ConnectionLimitIsReached) {
  const std::string vhost = "row33-" + std::to_string(::getpid());
  const std::string limit = R"({"max-connections": 0})";
  ASSERT_EQ(lab().rabbitmqctl({"add_vhost", vhost}).exit_code, 0);
  EXPECT_EQ(
      lab().rabbitmqctl({"set_permissions", "-p", vhost, lab().user(), ".*", ".*", ".*"}).exit_code,
      0);
  EXPECT_EQ(lab().rabbitmqctl({"set_vhost_limits", "-p", vhost, limit}).exit_code, 0);

  const Outcome run = call_at(lab().uri(vhost), {"greeting", "hello"});

  // RabbitMQ uses the code of a refusal for it.
  expect_fault(run, 7, "denied", "no");
  expect_message(run, "connection limit (0) is reached");
  EXPECT_EQ(lab().rabbitmqctl({"delete_vhost", vhost}).exit_code, 0);
}

}  // namespace
}  // namespace miko::test
