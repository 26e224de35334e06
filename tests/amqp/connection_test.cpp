// Asking a real RabbitMQ for things, and acknowledging what it delivers.

#include "amqp/connection.h"

#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "support/lab.h"

namespace miko::amqp {
namespace {

using std::chrono::seconds;

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_BROKER(); }

  static ConnectionOptions options(std::vector<Request> opening = {}) {
    ConnectionOptions options = nameko::connection_options({.broker = test::lab().uri()});
    options.opening = std::move(opening);
    options.headers = Headers::keep;
    return options;
  }

  static Clock::time_point soon() { return Clock::now() + seconds(20); }

  /// The next delivery, whatever comes before it.
  static Delivery delivery(Connection& connection) {
    const Clock::time_point until = soon();
    while (Clock::now() < until) {
      std::optional<Event> event = connection.next(until);
      if (event && std::holds_alternative<Delivery>(*event)) {
        return std::get<Delivery>(std::move(*event));
      }
    }
    ADD_FAILURE() << "nothing was delivered";
    return {};
  }

  /// A queue of the connection's own, and a consumer that acknowledges.
  static std::vector<Request> queue_and_consumer(const std::string& queue) {
    return {request::DeclareQueue{.queue = queue, .exclusive = true}, request::Prefetch{.count = 1},
            request::Consume{.queue = queue, .acknowledged = true}};
  }

  Loop loop_;
};

TEST_F(ConnectionTest, InquiresAboutWhatIsThereAndWhatIsNot) {
  const std::string queue = "miko-test-" + random_uuid();
  Connection connection(loop_, options());
  connection.open(soon());

  const Answer missing =
      connection.inquire(request::DeclareQueue{.queue = queue, .passive = true}, soon());
  const Answer declared =
      connection.inquire(request::DeclareQueue{.queue = queue, .exclusive = true}, soon());
  const Answer other_flags =
      connection.inquire(request::DeclareQueue{.queue = queue, .durable = true}, soon());
  const Answer present =
      connection.inquire(request::DeclareQueue{.queue = queue, .passive = true}, soon());
  const Answer unbound = connection.inquire(
      request::BindQueue{.queue = queue, .exchange = "no-such", .routing_key = "k"}, soon());
  const Answer bound = connection.inquire(
      request::BindQueue{.queue = queue, .exchange = "amq.topic", .routing_key = "k"}, soon());

  EXPECT_EQ(missing.refusal_code, 404);
  EXPECT_NE(missing.refusal_text.find(queue), std::string::npos) << missing.refusal_text;
  EXPECT_TRUE(declared.granted());
  EXPECT_EQ(other_flags.refusal_code, 405);
  EXPECT_TRUE(present.granted());
  EXPECT_EQ(present.consumer_count, 0U);
  EXPECT_EQ(unbound.refusal_code, 404);
  EXPECT_TRUE(bound.granted());
  connection.close(soon());
}

TEST_F(ConnectionTest, AnswersInquiriesInTheirOrder) {
  Connection connection(loop_, options());
  connection.open(soon());
  for (const char* exchange : {"amq.topic", "no-such", "amq.direct"}) {
    connection.inquire(request::DeclareExchange{.exchange = exchange, .passive = true});
  }

  std::vector<int> codes;
  while (codes.size() < 3) {
    std::optional<Event> event = connection.next(soon());
    if (event && std::holds_alternative<Answer>(*event)) {
      codes.push_back(std::get<Answer>(*event).refusal_code);
    }
  }

  EXPECT_EQ(codes, (std::vector{0, 404, 0}));
  connection.close(soon());
}

TEST_F(ConnectionTest, KeepsWhatArrivesWhileItInquires) {
  const std::string queue = "miko-test-" + random_uuid();
  Connection connection(loop_, options(queue_and_consumer(queue)));
  connection.open(soon());
  connection.publish({.routing_key = queue, .body = "one"});

  // Two inquiries at least pass before the second one could be answered out of turn.
  Answer answer;
  do {
    answer = connection.inquire(request::DeclareQueue{.queue = queue, .passive = true}, soon());
  } while (answer.message_count > 0);

  EXPECT_EQ(answer.consumer_count, 1U);
  EXPECT_EQ(delivery(connection).body, "one");
  connection.close(soon());
}

/// RabbitMQ 4 sorts them.
auto header(const Delivery& delivery, std::string_view name) {
  for (const auto& [key, field] : delivery.properties.headers) {
    if (key == name) {
      return field.value;
    }
  }
  throw std::runtime_error("no such header");
}

TEST_F(ConnectionTest, ReadsHeadersAndWhetherADeliveryCameBefore) {
  const std::string queue = "miko-test-" + random_uuid();
  Connection connection(loop_, options(queue_and_consumer(queue)));
  connection.open(soon());
  const Table headers = {{"text", {.value = std::string("é")}},
                         {"number", {.value = std::int64_t{-7}}},
                         {"list", {.value = Array{{.value = true}, {}}}},
                         {"table", {.value = Table{{"half", {.value = 0.5}}}}}};
  connection.publish({.routing_key = queue, .properties = {.headers = headers}, .body = "first"});
  connection.publish({.routing_key = queue, .body = "second"});

  const Delivery first = delivery(connection);
  connection.requeue(first.delivery_tag);
  const Delivery again = delivery(connection);
  connection.acknowledge(again.delivery_tag);
  const Delivery second = delivery(connection);
  connection.acknowledge(second.delivery_tag, Multiple::yes);

  EXPECT_FALSE(first.redelivered);
  ASSERT_EQ(first.properties.headers.size(), 4U);
  EXPECT_EQ(std::get<std::string>(header(first, "text")), "é");
  EXPECT_EQ(std::get<std::int64_t>(header(first, "number")), -7);
  EXPECT_EQ(std::get<Array>(header(first, "list")).size(), 2U);
  EXPECT_EQ(std::get<Table>(header(first, "table"))[0].first, "half");
  EXPECT_TRUE(again.redelivered);
  EXPECT_EQ(again.body, "first");
  EXPECT_EQ(second.body, "second");
  connection.close(soon());
}

TEST_F(ConnectionTest, DeletesAQueueWhenItsConsumerIsGone) {
  const std::string queue = "miko-test-" + random_uuid();
  Connection connection(loop_, options(queue_and_consumer(queue)));
  connection.open(soon());

  connection.request(request::Cancel{.queue = queue}, soon());
  connection.request(request::DeleteQueue{.queue = queue, .if_unused = true, .if_empty = true},
                     soon());
  const Answer gone =
      connection.inquire(request::DeclareQueue{.queue = queue, .passive = true}, soon());

  EXPECT_EQ(gone.refusal_code, 404);
  connection.close(soon());
}

TEST_F(ConnectionTest, ARefusalOnTheMainChannelEndsTheSession) {
  Connection connection(loop_, options());
  connection.open(soon());
  connection.await_ready(soon());
  connection.request(request::Consume{.queue = "miko-test-" + random_uuid()});

  EXPECT_THROW(
      {
        while (true) {
          static_cast<void>(connection.next(soon()));
        }
      },
      Error);
}

}  // namespace
}  // namespace miko::amqp
