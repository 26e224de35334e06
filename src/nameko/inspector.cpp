#include "nameko/inspector.h"

#include <utility>

#include "amqp/connection.h"
#include "base/loop.h"
#include "nameko/endpoints.h"
#include "nameko/inspection.h"

namespace miko {

class Inspector::Session {
 public:
  explicit Session(const Options& options)
      : loop_(options.interrupt_fd), connection_(loop_, nameko::connection_options(options)) {}

  void log_in(Clock::time_point until) {
    if (!opened_) {
      connection_.open(until);
      opened_ = true;
    }
    connection_.await_ready(until);
  }

  ServiceState inspect(std::string_view service, Clock::time_point until) {
    amqp::Request request = nameko::inspection(service);
    log_in(until);
    return nameko::service_state_of(service, connection_.inquire(std::move(request), until));
  }

  void rest(Clock::time_point until) {
    while (Clock::now() < until) {
      static_cast<void>(connection_.next(until));
    }
  }

  [[nodiscard]] std::string address() const { return connection_.address(); }

  void close(Clock::duration at_most) {
    if (opened_) {
      connection_.close(Clock::now() + at_most);
    }
  }

 private:
  Loop loop_;
  amqp::Connection connection_;
  bool opened_ = false;
};

Inspector::Inspector(const Options& options) : session_(std::make_unique<Session>(options)) {}
Inspector::~Inspector() = default;
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;

void Inspector::log_in(Clock::time_point until) {
  session_->log_in(until);
}

ServiceState Inspector::inspect(std::string_view service, Clock::time_point until) {
  return session_->inspect(service, until);
}

void Inspector::rest(Clock::time_point until) {
  session_->rest(until);
}

std::string Inspector::address() const {
  return session_->address();
}

void Inspector::close(Clock::duration at_most) {
  session_->close(at_most);
}

}  // namespace miko
