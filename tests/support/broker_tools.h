#pragma once

#include <string>

#include "amqp/connection.h"
#include "nameko/endpoints.h"
#include "support/lab.h"

namespace miko::test {

/// A connection of the test's own to a broker, for what miko itself never does.
class OwnConnection {
 public:
  explicit OwnConnection(const std::string& uri)
      : connection_(loop_, nameko::connection_options({.broker = uri})) {
    connection_.open(soon());
  }
  ~OwnConnection() { connection_.close(soon()); }
  OwnConnection(const OwnConnection&) = delete;
  OwnConnection& operator=(const OwnConnection&) = delete;

  /// Asks, and waits for the answer.
  amqp::Answer ask(amqp::Request request) {
    return connection_.inquire(std::move(request), soon());
  }

  /// Publishes, and waits until the broker has handled it.
  void publish(amqp::Message message) {
    message.mandatory = false;
    connection_.publish(std::move(message));
    connection_.request(amqp::request::Prefetch{}, soon());
  }

 private:
  static Clock::time_point soon() { return Clock::now() + std::chrono::seconds(20); }

  Loop loop_;
  amqp::Connection connection_;
};

}  // namespace miko::test
