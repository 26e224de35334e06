#include "nameko/client.h"

#include <utility>

#include "amqp/uri.h"
#include "base/uuid.h"
#include "nameko/names.h"
#include "nameko/rpc.h"
#include "nameko/session.h"

namespace miko {

Client::Client(Options options) : session_(std::make_unique<Session>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Reply Client::call(std::string_view service, std::string_view method, Arguments arguments) {
  Reply result;
  session_->start(
      service, method, std::move(arguments), [&result](Reply reply) { result = std::move(reply); },
      Session::Silence::explained);
  session_->run_explained();
  return result;
}

void Client::start(std::string_view service, std::string_view method, Arguments arguments,
                   std::function<void(Reply)> done) {
  session_->run_until(static_cast<std::size_t>(session_->options().in_flight_max) - 1);
  session_->start(service, method, std::move(arguments), std::move(done));
}

void Client::wait() {
  session_->run_until(0);
}

void Client::log_in(Clock::time_point until) {
  session_->log_in(until);
}

void Client::run_once(std::span<pollfd> others, Clock::time_point until) {
  session_->run_once(others, until);
}

ServiceState Client::inspect(std::string_view service, Clock::time_point until) {
  return session_->inspect(service, until);
}

std::size_t Client::in_flight() const {
  return session_->in_flight();
}

void Client::set_interrupt_fd(int fd) {
  session_->set_interrupt_fd(fd);
}

void Client::close(Clock::duration at_most) {
  session_->close(at_most);
}

void check_broker_uri(std::string_view uri) {
  static_cast<void>(amqp::parse_broker_uris(uri));
}

std::string preview_call(const Options& options, std::string_view service, std::string_view method,
                         const Arguments& arguments) {
  const std::string correlation_id = random_uuid();
  nameko::RequestIds ids = {.correlation_id = correlation_id,
                            .reply_to = random_uuid(),
                            .call_id = nameko::call_id(correlation_id)};
  return nameko::describe(nameko::encode_request(options.exchange, service, method, arguments,
                                                 std::move(ids), options.timeout));
}

}  // namespace miko
