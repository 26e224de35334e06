#include "amqp/setup.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/amqp_bytes.h"

namespace miko::amqp {
namespace {

using test::MethodId;

const Endpoint endpoint = {.host = "h", .vhost = "v", .user = "bob", .password = std::string("pw")};
const std::vector<Request> opening = {
    request::ConfirmSelect{}, request::DeclareQueue{.queue = "q"},
    request::BindQueue{.queue = "q", .exchange = "x", .routing_key = "k"},
    request::Consume{.queue = "q"}};
const method::Start rabbitmq = {
    .version_minor = 9, .mechanisms = "PLAIN AMQPLAIN", .product = "RabbitMQ", .version = "3.10.8"};
const method::Tune usual_tune = {.channel_max = 2047, .frame_max = 131072, .heartbeat = 60};

constexpr MethodId start_ok = {10, 11};
constexpr MethodId tune_ok = {10, 31};
constexpr MethodId connection_open = {10, 40};
constexpr MethodId channel_open = {20, 10};
constexpr MethodId confirm_select = {85, 10};
constexpr MethodId queue_declare = {50, 10};
constexpr MethodId queue_bind = {50, 20};
constexpr MethodId consume = {60, 20};

/// The methods in `bytes`, which are whole frames.
std::vector<MethodId> methods_in(std::string_view bytes) {
  std::vector<MethodId> ids;
  while (const std::optional<Frame> frame = take_frame(bytes, 131072)) {
    test::ByteReader reader(frame->payload);
    const std::uint16_t class_id = reader.u16();
    ids.push_back({class_id, reader.u16()});
  }
  EXPECT_EQ(bytes, "");
  return ids;
}

/// The fields of the tune-ok in `bytes`.
TuneOk tune_ok_in(std::string_view bytes) {
  while (const std::optional<Frame> frame = take_frame(bytes, 131072)) {
    test::ByteReader reader(frame->payload);
    if (reader.u32() == (10U << 16 | 31U)) {
      const std::uint16_t channel_max = reader.u16();
      const std::uint32_t frame_max = reader.u32();
      return {.channel_max = channel_max, .frame_max = frame_max, .heartbeat = reader.u16()};
    }
  }
  ADD_FAILURE() << "no tune-ok";
  return {};
}

std::string begun(Setup& setup) {
  std::string out;
  setup.begin(out);
  return out;
}

std::string answer(Setup& setup, const Method& method) {
  std::string out;
  setup.hear(method, out);
  return out;
}

TEST(OptimisticSetup, SendsEverythingInOneFlight) {
  amqp::Setup setup(endpoint, opening, Pace::optimistic);

  const std::string flight = begun(setup);

  ASSERT_TRUE(flight.starts_with(protocol_header));
  EXPECT_EQ(methods_in(flight.substr(protocol_header.size())),
            (std::vector<MethodId>{start_ok, tune_ok, connection_open, channel_open, confirm_select,
                                   queue_declare, queue_bind, consume}));
  EXPECT_TRUE(setup.may_publish());
}

TEST(OptimisticSetup, OpensOnlyAChannelIfNothingElseIsWanted) {
  const std::vector<Request> nothing;
  amqp::Setup setup(endpoint, nothing, Pace::optimistic);

  const std::string flight = begun(setup);

  EXPECT_EQ(methods_in(flight.substr(protocol_header.size())),
            (std::vector<MethodId>{start_ok, tune_ok, connection_open, channel_open}));
  for (const Method& method : {Method(rabbitmq), Method(usual_tune), Method(method::OpenOk{})}) {
    answer(setup, method);
    EXPECT_NE(setup.phase(), amqp::Setup::Phase::ready);
  }
  answer(setup, method::Granted{});
  EXPECT_EQ(setup.phase(), amqp::Setup::Phase::ready);
}

TEST(OptimisticSetup, AsksForWhatEveryBrokerOffers) {
  amqp::Setup setup(endpoint, opening, Pace::optimistic);

  const TuneOk tune = tune_ok_in(begun(setup).substr(protocol_header.size()));

  EXPECT_EQ(tune.channel_max, 2);
  EXPECT_EQ(tune.frame_max, 131072U);
  EXPECT_EQ(tune.heartbeat, 10);
  EXPECT_EQ(setup.frame_max(), 131072U);
  EXPECT_EQ(setup.heartbeat_seconds(), 10);
}

TEST(OptimisticSetup, SaysWhereItBelongs) {
  amqp::Setup setup(endpoint, opening, Pace::optimistic);

  const std::string flight = begun(setup);

  std::string expected;
  append_connection_open(expected, "v");
  append_channel_open(expected, 1);
  for (const Request& request : opening) {
    append_request(expected, 1, request);
  }
  EXPECT_TRUE(flight.ends_with(expected));
}

TEST(OptimisticSetup, ListensThroughToTheEndWithoutAnotherWord) {
  amqp::Setup setup(endpoint, opening, Pace::optimistic);
  begun(setup);
  const std::pair<Method, amqp::Setup::Phase> answers[] = {
      {rabbitmq, amqp::Setup::Phase::login},
      {usual_tune, amqp::Setup::Phase::opening},
      {method::OpenOk{}, amqp::Setup::Phase::opened},
      {method::Granted{}, amqp::Setup::Phase::opened},
      {method::Granted{}, amqp::Setup::Phase::opened},
      {method::QueueDeclareOk{.queue = "q"}, amqp::Setup::Phase::opened},
      {method::Granted{}, amqp::Setup::Phase::opened},
      {method::Granted{}, amqp::Setup::Phase::ready},
  };
  EXPECT_EQ(setup.phase(), amqp::Setup::Phase::greeting);
  for (const auto& [method, phase] : answers) {
    EXPECT_EQ(answer(setup, method), "");
    EXPECT_EQ(setup.phase(), phase);
  }
  EXPECT_FALSE(setup.guessed_too_high());
  EXPECT_EQ(setup.broker().product, "RabbitMQ");
}

TEST(OptimisticSetup, NoticesABrokerWithSmallerFrames) {
  const std::pair<std::uint32_t, bool> cases[] = {
      {131072, false}, {131071, true}, {65536, true}, {4096, true}, {262144, false}, {0, false},
  };
  for (const auto& [frame_max, too_high] : cases) {
    SCOPED_TRACE(frame_max);
    amqp::Setup setup(endpoint, opening, Pace::optimistic);
    begun(setup);
    answer(setup, rabbitmq);

    const std::string out = answer(setup, method::Tune{.frame_max = frame_max});

    EXPECT_EQ(out, "");
    EXPECT_EQ(setup.guessed_too_high(), too_high);
  }
}

TEST(OptimisticSetup, NoticesABrokerWithFewerChannels) {
  const std::pair<std::uint16_t, bool> cases[] = {{1, true}, {2, false}, {2047, false}, {0, false}};
  for (const auto& [channel_max, too_high] : cases) {
    SCOPED_TRACE(channel_max);
    amqp::Setup setup(endpoint, opening, Pace::optimistic);
    begun(setup);
    answer(setup, rabbitmq);

    answer(setup, method::Tune{.channel_max = channel_max, .frame_max = 131072});

    EXPECT_EQ(setup.guessed_too_high(), too_high);
  }
}

TEST(CarefulSetup, GoesWithoutInquiriesIfTheBrokerAllowsOneChannel) {
  const std::pair<std::uint16_t, bool> cases[] = {{1, false}, {2, true}, {0, true}};
  for (const auto& [channel_max, may_inquire] : cases) {
    SCOPED_TRACE(channel_max);
    amqp::Setup setup(endpoint, opening, Pace::careful);
    begun(setup);
    answer(setup, rabbitmq);

    const std::string out =
        answer(setup, method::Tune{.channel_max = channel_max, .frame_max = 131072});

    EXPECT_EQ(tune_ok_in(out).channel_max, may_inquire ? 2 : 1);
    EXPECT_EQ(setup.may_inquire(), may_inquire);
  }
}

TEST(Setup, RefusesAnswersBeforeTheLoginIsAnswered) {
  amqp::Setup setup(endpoint, opening, Pace::optimistic);
  begun(setup);

  EXPECT_THROW(answer(setup, method::Granted{}), Error);
  answer(setup, rabbitmq);
  EXPECT_THROW(answer(setup, method::QueueDeclareOk{}), Error);
}

TEST(CarefulSetup, TakesOneStepAfterAnother) {
  amqp::Setup setup(endpoint, opening, Pace::careful);

  EXPECT_EQ(begun(setup), protocol_header);
  EXPECT_FALSE(setup.may_publish());
  EXPECT_EQ(methods_in(answer(setup, rabbitmq)), std::vector<MethodId>{start_ok});
  EXPECT_EQ(setup.phase(), amqp::Setup::Phase::login);
  EXPECT_FALSE(setup.may_publish());
  EXPECT_EQ(methods_in(answer(setup, usual_tune)),
            (std::vector<MethodId>{tune_ok, connection_open, channel_open, confirm_select,
                                   queue_declare, queue_bind, consume}));
  EXPECT_EQ(setup.phase(), amqp::Setup::Phase::opening);
  EXPECT_TRUE(setup.may_publish());
  EXPECT_EQ(answer(setup, method::OpenOk{}), "");
  for (int answers = 0; answers < 5; ++answers) {
    EXPECT_EQ(setup.phase(), amqp::Setup::Phase::opened);
    EXPECT_EQ(answer(setup, method::Granted{}), "");
  }
  EXPECT_EQ(setup.phase(), amqp::Setup::Phase::ready);
}

TEST(CarefulSetup, AgreesToTheSmallerFrames) {
  const std::pair<std::uint32_t, std::uint32_t> cases[] = {
      {4096, 4096}, {65536, 65536}, {131072, 131072}, {262144, 131072}, {0, 131072},
  };
  for (const auto& [offered, agreed] : cases) {
    SCOPED_TRACE(offered);
    amqp::Setup setup(endpoint, opening, Pace::careful);
    begun(setup);
    answer(setup, rabbitmq);

    const std::string out = answer(setup, method::Tune{.frame_max = offered});

    EXPECT_EQ(tune_ok_in(out).frame_max, agreed);
    EXPECT_EQ(setup.frame_max(), agreed);
    EXPECT_FALSE(setup.guessed_too_high());
  }
}

TEST(Setup, AsksForTheHeartbeatOfTheEndpoint) {
  Endpoint quiet = endpoint;
  quiet.heartbeat = std::chrono::seconds(0);
  amqp::Setup setup(quiet, opening, Pace::optimistic);

  EXPECT_EQ(tune_ok_in(begun(setup).substr(protocol_header.size())).heartbeat, 0);
  EXPECT_EQ(setup.heartbeat_seconds(), 0);
}

TEST(Setup, LogsInByTheMethodOfTheEndpoint) {
  Endpoint external = endpoint;
  external.login_method = "EXTERNAL";
  external.password = std::nullopt;
  amqp::Setup setup(external, opening, Pace::optimistic);
  std::string expected(protocol_header);
  append_start_ok(expected, {.mechanism = "EXTERNAL", .user = "bob"});

  EXPECT_TRUE(begun(setup).starts_with(expected));
}

std::string complaint_about(const Endpoint& about, const method::Start& start) {
  amqp::Setup setup(about, opening, Pace::careful);
  begun(setup);
  try {
    answer(setup, start);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unreachable);
    EXPECT_EQ(error.failure().executed, Executed::no);
    return error.what();
  }
  return "none";
}

TEST(Setup, RefusesABrokerOfAnotherVersion) {
  EXPECT_EQ(complaint_about(endpoint, {.version_major = 8, .version_minor = 0}),
            "h:5672 speaks AMQP 8.0, not 0-9-1");
  EXPECT_EQ(complaint_about(endpoint, {.version_major = 1, .version_minor = 9}),
            "h:5672 speaks AMQP 1.9, not 0-9-1");
}

TEST(Setup, RefusesABrokerWithoutTheLoginMethod) {
  Endpoint external = endpoint;
  external.login_method = "EXTERNAL";

  EXPECT_EQ(complaint_about(external, rabbitmq),
            "h:5672 does not offer the login method EXTERNAL, only PLAIN AMQPLAIN");
  EXPECT_EQ(complaint_about(endpoint, {.version_minor = 9, .mechanisms = ""}),
            "h:5672 does not offer the login method PLAIN, only ");
  EXPECT_EQ(complaint_about(endpoint, {.version_minor = 9, .mechanisms = "AMQPLAIN XPLAIN\x1b"}),
            R"(h:5672 does not offer the login method PLAIN, only AMQPLAIN XPLAIN\x1b)");
}

TEST(OptimisticSetup, ClaimsNothingOfTheFlightToABrokerItRefuses) {
  for (const method::Start& start :
       {method::Start{.version_minor = 8, .mechanisms = "PLAIN"}, {.version_minor = 9}}) {
    amqp::Setup setup(endpoint, opening, Pace::optimistic);
    begun(setup);
    try {
      answer(setup, start);
      ADD_FAILURE() << "accepted it";
    } catch (const Error& error) {
      EXPECT_EQ(error.failure().executed, Executed::maybe) << error.what();
    }
  }
}

TEST(Setup, FindsTheLoginMethodWhereverItStands) {
  for (const std::string mechanisms : {"PLAIN", "PLAIN AMQPLAIN", "AMQPLAIN PLAIN", " PLAIN "}) {
    SCOPED_TRACE(mechanisms);

    EXPECT_EQ(complaint_about(endpoint, {.version_minor = 9, .mechanisms = mechanisms}), "none");
  }
}

TEST(Setup, RefusesFramesTooSmallForAmqp) {
  for (const std::uint32_t frame_max : {1U, 8U, 4095U}) {
    amqp::Setup setup(endpoint, opening, Pace::careful);
    std::string out;

    EXPECT_THROW(setup.hear(method::Tune{.frame_max = frame_max}, out), Error) << frame_max;
  }
}

TEST(Greeting, OfABrokerPassesAlsoInPart) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"\x01"sv, "\x01\0"sv, "\x01\0\0"sv, "\x01\0\0\0\0\x01\xf4"sv}) {
    EXPECT_NO_THROW(check_greeting(bytes, "h:1"));
  }
}

TEST(Greeting, OfOthersIsShownOrExplained) {
  const auto complaint = [](std::string_view bytes) {
    try {
      check_greeting(bytes, "h:1");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unreachable);
      return error.failure().message + "; " + error.failure().hint;
    }
    return std::string("none");
  };

  EXPECT_EQ(complaint("HTTP/1.1 400 Bad"),
            "h:1 is not an AMQP server; it says 'HTTP/1.1 400 Bad'; "
            "RabbitMQ usually listens on port 5672");
  EXPECT_EQ(complaint(std::string_view("AMQP\0\1\0\0", 8)),
            "h:1 does not speak AMQP 0-9-1; RabbitMQ usually listens on port 5672");
  EXPECT_NE(complaint("\x15\x03\x03").find("--tls"), std::string::npos);
}

}  // namespace
}  // namespace miko::amqp
