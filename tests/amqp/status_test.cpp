#include "amqp/status.h"

#include <gtest/gtest.h>

#include <span>

namespace miko::amqp {
namespace {

struct Case {
  method::Close close;
  ErrorKind kind;
  Executed executed;
  std::string_view message;
};

void expect_errors(std::span<const Case> cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message);

    const Failure failure = close_error(c.close, "bob").failure();

    EXPECT_EQ(failure.kind, c.kind);
    EXPECT_EQ(failure.executed, c.executed);
    EXPECT_EQ(failure.message, c.message);
  }
}

TEST(CloseError, ReadsAClosedConnection) {
  const Case cases[] = {
      {{true, 403, "ACCESS_REFUSED - Login was refused", 0, 0},
       ErrorKind::denied,
       Executed::no,
       "login refused for user 'bob': 403 ACCESS_REFUSED - Login was refused"},
      {{true, 530, "NOT_ALLOWED - vhost v not found", 10, 40},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 530 NOT_ALLOWED - vhost v not found"},
      {{true, 320, "CONNECTION_FORCED - broker forced connection closure", 0, 0},
       ErrorKind::connection_lost,
       Executed::maybe,
       "the broker closed the connection: 320 CONNECTION_FORCED - broker forced connection "
       "closure"},
      {{true, 501, "FRAME_ERROR", 0, 0},
       ErrorKind::connection_lost,
       Executed::maybe,
       "the broker closed the connection: 501 FRAME_ERROR"},
  };

  expect_errors(cases);
}

TEST(CloseError, ReadsAChannelClosedForThePublish) {
  const Case cases[] = {
      {{false, 404, "NOT_FOUND - no exchange 'nameko-rpc'", 60, 40},
       ErrorKind::unknown_service,
       Executed::no,
       "no Nameko exchange on this vhost: 404 NOT_FOUND - no exchange 'nameko-rpc'"},
      {{false, 403, "ACCESS_REFUSED - access to exchange", 60, 40},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 403 ACCESS_REFUSED - access to exchange"},
      {{false, 406, "PRECONDITION_FAILED - invalid expiration", 60, 40},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 406 PRECONDITION_FAILED - invalid expiration"},
      {{false, 311, "CONTENT_TOO_LARGE", 60, 40},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 311 CONTENT_TOO_LARGE"},
      {{false, 541, "INTERNAL_ERROR", 60, 40},
       ErrorKind::connection_lost,
       Executed::no,
       "the broker closed the channel: 541 INTERNAL_ERROR"},
  };

  expect_errors(cases);
}

TEST(CloseError, ReadsAChannelClosedDuringSetup) {
  const Case cases[] = {
      {{false, 404, "NOT_FOUND - no exchange", 50, 20},
       ErrorKind::unknown_service,
       Executed::no,
       "no Nameko exchange on this vhost: 404 NOT_FOUND - no exchange"},
      {{false, 404, "NOT_FOUND - no exchange", 40, 10},
       ErrorKind::unknown_service,
       Executed::no,
       "no Nameko exchange on this vhost: 404 NOT_FOUND - no exchange"},
      {{false, 403, "ACCESS_REFUSED - access to queue", 50, 10},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 403 ACCESS_REFUSED - access to queue"},
      {{false, 506, "RESOURCE_ERROR", 20, 10},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 506 RESOURCE_ERROR"},
      {{false, 540, "NOT_IMPLEMENTED", 85, 10},
       ErrorKind::connection_lost,
       Executed::no,
       "the broker closed the channel: 540 NOT_IMPLEMENTED"},
      {{false, 403, "ACCESS_REFUSED", 60, 20},
       ErrorKind::denied,
       Executed::no,
       "the broker refused: 403 ACCESS_REFUSED"},
  };

  expect_errors(cases);
}

TEST(CloseError, CannotTellWhatRanWhenNoMethodIsNamed) {
  const Case cases[] = {
      {{false, 404, "NOT_FOUND", 0, 0},
       ErrorKind::unknown_service,
       Executed::maybe,
       "no Nameko exchange on this vhost: 404 NOT_FOUND"},
      {{false, 406, "PRECONDITION_FAILED", 60, 80},
       ErrorKind::connection_lost,
       Executed::maybe,
       "the broker closed the channel: 406 PRECONDITION_FAILED"},
      {{false, 406, "PRECONDITION_FAILED - delivery acknowledgement timed out", 0, 0},
       ErrorKind::connection_lost,
       Executed::maybe,
       "the broker closed the channel: 406 PRECONDITION_FAILED - delivery acknowledgement timed "
       "out"},
      {{false, 541, "INTERNAL_ERROR", 0, 0},
       ErrorKind::connection_lost,
       Executed::maybe,
       "the broker closed the channel: 541 INTERNAL_ERROR"},
  };

  expect_errors(cases);
}

TEST(CloseError, ShowsNoControlCharactersOfTheBrokerOrTheUser) {
  const Error error = close_error({true, 403, "a\x1b[2J\nb", 0, 0}, "bob\x1b");

  EXPECT_STREQ(error.what(), R"(login refused for user 'bob\x1b': 403 a\x1b[2J\nb)");
}

TEST(CloseError, ShortensWhatTheBrokerSays) {
  const Error error = close_error({true, 320, std::string(255, 'x'), 0, 0}, "bob");

  EXPECT_EQ(error.what(), "the broker closed the connection: 320 " + std::string(200, 'x') + "...");
}

TEST(CloseError, ExplainsARequestThatIsTooLarge) {
  const std::string text =
      "PRECONDITION_FAILED - message size 9 is larger than configured max size 8";
  const method::Close publish = {false, 406, text, 60, 40};
  const method::Close declare = {false, 406, "PRECONDITION_FAILED - inequivalent arg", 50, 10};

  EXPECT_EQ(close_error(publish, "bob").failure().message, "the broker refused: 406 " + text);
  EXPECT_NE(close_error(publish, "bob").failure().hint.find("max_message_size"), std::string::npos);
  EXPECT_EQ(close_error(declare, "bob").failure().hint, "");
}

}  // namespace
}  // namespace miko::amqp
