#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/lab.h"
#include "support/miko_program.h"

namespace miko::test {

/// Each test runs against a service under Nameko 2 and under Nameko 3.
class NamekoTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(GetParam()); }

  [[nodiscard]] const Service& service() const { return lab().service(GetParam()); }

  /// Runs miko with AMQP_URI set to the service's broker.
  [[nodiscard]] Outcome miko(std::vector<std::string> arguments, MikoOptions options = {}) const {
    options.environment.emplace("AMQP_URI", service().uri);
    return miko::test::miko(std::move(arguments), std::move(options));
  }

  /// Runs a shell script that finds miko in its PATH and the service's broker in AMQP_URI.
  [[nodiscard]] Outcome run_shell(const std::string& script) const {
    const std::string program = miko_path();
    Command command = miko_command({}, {.environment = {{"AMQP_URI", service().uri}}});
    command.argv = {"/bin/bash", "-c", script};
    command.environment["PATH"] = program.substr(0, program.rfind('/')) + ":/usr/bin:/bin";
    return run(std::move(command));
  }
};

/// Names the two variants of a test "Nameko2" and "Nameko3".
inline std::string nameko_name(const testing::TestParamInfo<std::string_view>& info) {
  return info.param == nameko_2 ? "Nameko2" : "Nameko3";
}

}  // namespace miko::test

#define MIKO_FOR_BOTH_NAMEKOS(suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(On, suite, testing::Values(miko::test::nameko_2, miko::test::nameko_3), \
                           miko::test::nameko_name)
