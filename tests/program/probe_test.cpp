// miko probe against real Nameko services, of one version and of two.

#include "support/instance.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

class ProbeTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(ProbeTest);

TEST_P(ProbeTest, FindsMethodsWithoutRunningThem) {
  const Outcome run = miko({"probe", "lab", "boom", "nothing"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out,
            R"({"service":"lab","instances":1,"probes":2,"methods":[)"
            R"({"method":"boom","status":"present","present":2,"missing":0,"unanswered":0},)"
            R"({"method":"nothing","status":"present","present":2,"missing":0,"unanswered":0}]})"
            "\n");
}

TEST_P(ProbeTest, SaysWhatIsMissing) {
  const Outcome run = miko({"probe", "lab", "echo", "nosuch"});

  EXPECT_EQ(run.exit_code, 5);
  EXPECT_EQ(run.error("/error/message"), "service 'lab' has no nosuch");
  EXPECT_EQ(miko({"probe", "nosuch", "hello"}).exit_code, 4);
  EXPECT_EQ(miko({"probe", "lab"}).exit_code, 2);
}

TEST_P(ProbeTest, SeesThatInstancesOfTwoVersionsRun) {
  Child older(instance_of(service(), "mixed", "1"));
  Child newer(instance_of(service(), "mixed", "2"));
  ASSERT_EQ(miko({"wait", "mixed", "--count", "2", "--timeout", "30s"}).exit_code, 0);

  const Outcome run = miko({"probe", "mixed", "hello", "newer", "-o", "pretty"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.error("/error/message"), "only some instances of 'mixed' have newer");
  EXPECT_EQ(run.out,
            "METHOD  STATUS   PRESENT  MISSING  UNANSWERED\n"
            "hello   present  4        0        0\n"
            "newer   mixed    2        2        0\n");
}

}  // namespace
}  // namespace miko::test
