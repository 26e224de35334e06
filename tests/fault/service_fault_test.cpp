// Rows 52 to 56 of the fault matrix: what real services do.

#include "fault/real_broker.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class ServiceFault : public NamekoTest {};

MIKO_FOR_BOTH_NAMEKOS(ServiceFault);

TEST_P(ServiceFault, Row52_MethodRaises) {
  const Outcome run = miko({"call", "lab", "boom"});

  expect_fault(run, 1, "remote_error", "yes");
  expect_message(run, "lab.boom raised Boom: ('bang', 42)");
  EXPECT_EQ(run.error("/error/remote/exc_path"), "lab_service.Boom");
  EXPECT_EQ(run.error("/error/remote/exc_args"), R"(["bang","42"])");
}

TEST_P(ServiceFault, Row53_MethodIsUnknown) {
  const Outcome run = miko({"call", "greeting", "nosuch"});

  expect_fault(run, 5, "unknown_method", "no");
  expect_message(run, "service 'greeting' has no method 'nosuch'");
}

TEST_P(ServiceFault, Row53_MethodDoesNotTakeTheArguments) {
  expect_fault(miko({"call", "greeting", "hello"}), 5, "bad_arguments", "no");
  expect_fault(miko({"call", "greeting", "hello", "name=Ann", "age:=7"}), 5, "bad_arguments", "no");
}

TEST_P(ServiceFault, Row54_ResultCannotBeSent) {
  const Outcome run = miko({"call", "lab", "unser"});

  expect_fault(run, 1, "remote_error", "yes");
  EXPECT_EQ(run.error("/error/remote/exc_type"), "UnserializableValueError");
}

TEST_P(ServiceFault, Row55_MethodIsSlow) {
  const Outcome run = miko({"call", "lab", "slow", ":=2", "--timeout", "300ms"});

  expect_fault(run, 124, "timeout", "maybe");
  EXPECT_NE(run.error("/error/hint").find("the method is slow"), std::string::npos) << run.err;
}

/// A private service that holds a call of miko until the file release() exists.
class KilledService : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(GetParam()); }

  /// The service has begun with the call "once", and is killed then.
  void begin_and_kill(const Lab& own, const std::string& timeout) {
    const Service& service = own.service(GetParam());
    child_.emplace(miko_command(
        {"call", "lab", "record_until", "token=once", "path=" + release_, "-v", "--timeout",
         timeout},
        {.environment = {{"AMQP_URI", service.uri}}, .time_limit = std::chrono::seconds(90)}));
    ASSERT_TRUE(eventually([&] { return read_file(service.executed) == "once\n"; }));
    ASSERT_EQ(::kill(service.pid, SIGKILL), 0);
  }

  [[nodiscard]] Lab start() const {
    return Lab::start({.nameko_versions = {std::string(GetParam())}});
  }

  const TemporaryDirectory directory_;
  const std::string release_ = directory_.path("release");
  std::optional<Child> child_ = std::nullopt;
};

MIKO_FOR_BOTH_NAMEKOS(KilledService);

TEST_P(KilledService, Row56_AnotherInstanceRunsTheCallAgain) {
  const Lab own = start();
  begin_and_kill(own, "60s");

  directory_.write_file("release", "");
  const Child second(
      {.argv = own.service(GetParam()).command, .time_limit = std::chrono::seconds(120)});
  const Outcome run = child_->wait();

  EXPECT_EQ(run.out, "\"once\"\n") << run.err;
  EXPECT_EQ(run.exit_code, 0);
  // The broker gave it to both; had miko sent it twice, there were three of it.
  EXPECT_EQ(read_file(own.service(GetParam()).executed), "once\nonce\n");
  const std::vector<std::string> queues = {
      "-q",   "list_queues", "--no-table-headers", "-p", own.service(GetParam()).vhost,
      "name", "messages"};
  EXPECT_TRUE(eventually([&] {
    return own.rabbitmqctl(queues).out.find("rpc-lab\t0") != std::string::npos;
  })) << own.rabbitmqctl(queues).out;
}

TEST_P(KilledService, Row56_NobodyElseRunsTheCall) {
  const Lab own = start();
  begin_and_kill(own, "4s");

  const Outcome run = child_->wait();

  expect_fault(run, 124, "timeout", "maybe");
  EXPECT_EQ(read_file(own.service(GetParam()).executed), "once\n");
}

}  // namespace
}  // namespace miko::test
