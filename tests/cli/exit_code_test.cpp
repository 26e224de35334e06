#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(ExitCode, IsTheOneOfTheTableInTheHelp) {
  const std::pair<ErrorKind, int> rows[] = {
      {ErrorKind::remote_error, 1},       {ErrorKind::usage, 2},
      {ErrorKind::expectation_failed, 3}, {ErrorKind::partial, 3},
      {ErrorKind::unknown_service, 4},    {ErrorKind::no_instance, 4},
      {ErrorKind::unknown_method, 5},     {ErrorKind::bad_arguments, 5},
      {ErrorKind::unreachable, 6},        {ErrorKind::denied, 7},
      {ErrorKind::bad_reply, 8},          {ErrorKind::connection_lost, 9},
      {ErrorKind::output_failed, 10},     {ErrorKind::internal, 70},
      {ErrorKind::timeout, 124},          {ErrorKind::interrupted, 130},
  };
  for (const auto& [kind, status] : rows) {
    EXPECT_EQ(exit_code(kind), status) << error_code(kind);
  }
}

}  // namespace
}  // namespace miko::cli
