#include "nameko/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "amqp/connection.h"
#include "base/loop.h"
#include "base/text.h"
#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "nameko/findings.h"
#include "nameko/inspection.h"
#include "nameko/names.h"
#include "nameko/permissions.h"
#include "nameko/rpc.h"

namespace miko {
namespace {

/// No Python method has such a name.
constexpr std::string_view impossible_method = "miko-doctor";

constexpr std::uint16_t access_refused = 403;
constexpr std::uint16_t not_found = 404;
constexpr std::uint16_t precondition_failed = 406;

class Examiner {
 public:
  Examiner(const Options& options, std::string_view service, Clock::time_point until,
           const std::function<void(Finding)>& found)
      : service_(service),
        exchange_(options.exchange),
        until_(until),
        findings_(found),
        loop_(options.interrupt_fd),
        brokers_(nameko::endpoints(options)),
        connection_(loop_, connection_options(options)) {
    if (!service_.empty()) {
      nameko::check_name("service", service_);
    }
  }

  void run() {
    try {
      log_in();
      examine_exchange();
      examine_rights();
      examine_round_trip();
      if (!service_.empty()) {
        examine_service();
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage) {
        throw;
      }
      report(nameko::failed(findings_.next_check(), error));
    }
    connection_.close(std::min(until_, Clock::now() + std::chrono::seconds(1)));
    findings_.skip_the_rest(service_);
  }

 private:
  amqp::ConnectionOptions connection_options(const Options& options) {
    amqp::ConnectionOptions result = nameko::connection_options(options);
    // So that a refusal speaks of its own step.
    result.pace = amqp::Pace::careful;
    result.trace = [this, trace = result.trace](std::string_view step, std::string_view detail) {
      trace(step, detail);
      hear(step, detail);
    };
    return result;
  }

  void report(Finding finding) { findings_.report(std::move(finding)); }

  /// The steps of connecting, as a call has them.
  void hear(std::string_view step, std::string_view detail) {
    if (step == "resolve" || step == "connect") {
      report({.check = step == "resolve" ? "resolve" : "connect", .detail = std::string(detail)});
      if (step == "connect" && !broker_of(detail).tls) {
        report({.check = "tls", .verdict = Verdict::skipped, .detail = "not used"});
      }
    } else if (step == "plain") {
      plain_ = detail;
    } else if (step == "tls") {
      tls_version_ = detail;
    } else if (step == "login") {
      report_tls();
      report_login(detail);
    } else if (step == "unreachable") {
      report_tls();
      report({.check = findings_.next_check(),
              .verdict = Verdict::warning,
              .detail = std::string(detail)});
      findings_.start_over();
    }
  }

  [[nodiscard]] const amqp::Endpoint& broker_of(std::string_view address) const {
    const auto found =
        std::find_if(brokers_.begin(), brokers_.end(),
                     [address](const amqp::Endpoint& one) { return one.address() == address; });
    return found != brokers_.end() ? *found : brokers_.front();
  }

  [[nodiscard]] const amqp::Endpoint& broker() const { return broker_of(connection_.address()); }

  /// The certificate can be looked at only once the connection has the line.
  void report_tls() {
    if (tls_version_.empty()) {
      return;
    }
    report(nameko::tls_finding(std::exchange(tls_version_, {}), connection_.certificate()));
  }

  void report_login(std::string_view detail) {
    Finding finding = {.check = "login", .detail = std::string(detail)};
    if (!plain_.empty()) {
      finding.verdict = Verdict::warning;
      finding.detail += "; " + plain_;
      finding.remedy = "use amqps:// or --tls";
    }
    report(std::move(finding));
    report({.check = "vhost", .detail = printable(broker().vhost)});
  }

  void log_in() {
    try {
      connection_.open(until_);
      connection_.await_ready(until_);
    } catch (const Error& error) {
      report_tls();
      if (connection_.authenticated() && findings_.next_check() == "login") {
        report({.check = "login", .detail = fmt::format("as {}", printable(broker().user))});
      }
      throw;
    }
  }

  void examine_exchange() {
    const std::string shown = printable(exchange_);
    const amqp::Answer there = connection_.inquire(
        amqp::request::DeclareExchange{.exchange = exchange_, .passive = true}, until_);
    if (there.refusal_code == not_found) {
      report({.check = "exchange",
              .verdict = Verdict::failed,
              .detail = fmt::format("there is no exchange '{}' on this vhost", shown),
              .remedy = "the first Nameko service that starts makes it; --vhost and --exchange say "
                        "where to look",
              .kind = ErrorKind::unknown_service});
      return;
    }
    exchange_there_ = true;
    if (there.refusal_code == access_refused) {
      // Since 4.2.6 RabbitMQ does not show it to users without a permission on it.
      report({.check = "exchange",
              .verdict = Verdict::skipped,
              .detail = fmt::format("'{}' is not for this user to see", shown)});
      return;
    }
    require(there, "exchange");
    // Of one that is there nothing is made; other flags are refused.
    const amqp::Answer same =
        connection_.inquire(amqp::request::DeclareExchange{.exchange = exchange_}, until_);
    if (same.refusal_code == precondition_failed) {
      report({.check = "exchange",
              .verdict = Verdict::failed,
              .detail = fmt::format("'{}' is not the durable topic exchange that Nameko makes: {}",
                                    shown, same.refusal_text),
              .remedy = "Nameko's services cannot start here: delete it, and let a service make it",
              .kind = ErrorKind::denied});
      return;
    }
    report({.check = "exchange",
            .detail = same.granted()
                          ? fmt::format("'{}', topic, durable", shown)
                          : fmt::format("'{}'; its type is not for this user to see", shown)});
  }

  /// Any other refusal than those that were expected.
  static void require(const amqp::Answer& answer, std::string_view what) {
    if (!answer.granted()) {
      throw Error({.kind = ErrorKind::denied,
                   .message = fmt::format("the {} cannot be used: {}", what, answer.refusal_text)});
    }
  }

  /// Asks for something that takes rights, and notes which are missing.
  bool allowed(amqp::Request request, std::string_view rights) {
    const amqp::Answer answer = connection_.inquire(std::move(request), until_);
    if (answer.refusal_code == access_refused) {
      miss(rights);
    } else {
      require(answer, "reply queue");
    }
    return answer.granted();
  }

  void examine_rights() {
    const std::string exchange = printable(exchange_);
    queue_ = nameko::reply_queue_name(random_uuid());
    const bool declared = allowed(amqp::request::DeclareQueue{.queue = queue_, .exclusive = true},
                                  "configure on rpc.reply-miko-.*");
    // RabbitMQ looks at the queue before the exchange.
    may_receive_ = declared && exchange_there_ &&
                   allowed(
                       amqp::request::BindQueue{
                           .queue = queue_, .exchange = exchange_, .routing_key = reply_key_},
                       fmt::format("write on rpc.reply-miko-.* or read on {}", exchange));
    if (declared) {
      const bool consumed =
          allowed(amqp::request::Consume{.queue = queue_}, "read on rpc.reply-miko-.*");
      if (consumed) {
        // Deliveries are for the main channel.
        static_cast<void>(connection_.inquire(amqp::request::Cancel{.queue = queue_}, until_));
      }
      may_receive_ = may_receive_ && consumed;
    }
    if (!service_.empty()) {
      service_queue_ = connection_.inquire(
          amqp::request::DeclareQueue{.queue = nameko::rpc_queue_name(service_), .passive = true},
          until_);
    }
    const Clock::duration asking = findings_.lap();
    const Clock::duration consuming = consume();
    const bool publishes = exchange_there_ && publish_to_ourselves();
    report_rights(asking);
    Finding queue = {.check = "reply_queue", .detail = queue_, .elapsed = consuming};
    if (!may_receive_) {
      queue = {
          .check = "reply_queue",
          .verdict = Verdict::skipped,
          .detail = exchange_there_ ? "rights are missing" : "there is no exchange to bind to"};
    }
    report(std::move(queue));
    may_call_ = may_receive_ && publishes;
  }

  /// On the main channel, where replies arrive.
  Clock::duration consume() {
    if (exchange_there_) {
      connection_.request(amqp::request::ConfirmSelect{}, until_);
    }
    if (may_receive_) {
      connection_.request(amqp::request::Consume{.queue = queue_}, until_);
    }
    return findings_.lap();
  }

  /// A message for nobody but our own queue. It arrives; or it comes back, or is confirmed, where
  /// the queue could not be bound; or it is refused, which ends the connection.
  bool publish_to_ourselves() {
    amqp::Message message = {.exchange = exchange_, .routing_key = reply_key_, .body = "{}"};
    message.properties.content_type = "application/json";
    message.properties.correlation_id = random_uuid();
    try {
      connection_.publish(std::move(message));
      while (std::optional<amqp::Event> event = connection_.next(until_)) {
        if (std::holds_alternative<amqp::Delivery>(*event)) {
          round_trip_ = findings_.lap();
          return true;
        }
        if (!may_receive_) {
          return true;
        }
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::denied) {
        throw;
      }
      miss(fmt::format("write on {}", printable(exchange_)));
      return false;
    }
    return true;
  }

  void report_rights(Clock::duration elapsed) {
    const std::string exchange = printable(exchange_);
    if (!missing_.empty()) {
      report({.check = "rights",
              .verdict = Verdict::failed,
              .detail = fmt::format("'{}' lacks {}", printable(broker().user), missing_),
              .remedy = nameko::permissions_line(broker().user, broker().vhost, exchange_),
              .kind = ErrorKind::denied,
              .elapsed = elapsed});
    } else if (exchange_there_) {
      report({.check = "rights",
              .detail = fmt::format(
                  "configure on rpc.reply-miko-.*, write and read on it and on {}", exchange),
              .elapsed = elapsed});
    } else {
      report({.check = "rights",
              .detail = "configure and read on rpc.reply-miko-.*; the others show when there is an "
                        "exchange",
              .elapsed = elapsed});
    }
  }

  void examine_round_trip() {
    if (!may_call_) {
      report({.check = "round_trip",
              .verdict = Verdict::skipped,
              .detail = exchange_there_ ? "rights are missing" : "there is no exchange"});
      return;
    }
    if (round_trip_) {
      report({.check = "round_trip",
              .detail = fmt::format("published to {} and received", printable(exchange_)),
              .elapsed = round_trip_});
      return;
    }
    const std::string& blocked = connection_.blocked_reason();
    throw Error({.kind = ErrorKind::timeout,
                 .message = blocked.empty()
                                ? "a message to our own reply queue did not arrive in time"
                                : fmt::format("the broker takes no messages: {}", blocked),
                 .hint = blocked.empty() ? "the broker is overloaded, or far away: --timeout sets "
                                           "how long to wait"
                                         : "rabbitmqctl status shows the alarm"});
  }

  void examine_service() {
    if (!service_queue_) {
      return;
    }
    if (nameko::is_hidden(*service_queue_)) {
      return ask_service("how many instances run is not for this user to see");
    }
    const ServiceState state = nameko::service_state_of(service_, *service_queue_);
    if (!state.deployed) {
      throw no_service();
    }
    if (state.instances == 0) {
      throw Error({.kind = ErrorKind::no_instance,
                   .message = fmt::format("no instance of '{}' is running: {}", printable(service_),
                                          counts_text(state)),
                   .hint = "start the service; requests wait in its queue until then"});
    }
    ask_service(counts_text(state));
  }

  [[nodiscard]] Error no_service() const {
    return Error({.kind = ErrorKind::unknown_service,
                  .message = fmt::format("no service '{}' here", printable(service_)),
                  .hint = "is it running on this broker and vhost? names are case sensitive"});
  }

  void ask_service(const std::string& state) {
    if (may_call_) {
      ping(state);
      return;
    }
    report({.check = "service",
            .verdict = Verdict::warning,
            .detail = state + "; it could not be asked"});
  }

  /// Whoever hears of a method that cannot exist answers without running any code of the service.
  void ping(const std::string& state) {
    const std::string correlation_id = random_uuid();
    nameko::RequestIds ids = {.correlation_id = correlation_id,
                              .reply_to = reply_key_,
                              .call_id = nameko::call_id(correlation_id)};
    connection_.publish(nameko::encode_request(exchange_, service_, impossible_method, {},
                                               std::move(ids), until_ - Clock::now()));
    while (std::optional<amqp::Event> event = connection_.next(until_)) {
      if (std::holds_alternative<amqp::Returned>(*event)) {
        throw no_service();
      }
      auto* const delivery = std::get_if<amqp::Delivery>(&*event);
      if (delivery == nullptr || delivery->properties.correlation_id != correlation_id) {
        continue;
      }
      const Reply reply = nameko::decode_reply(service_, impossible_method, std::move(*delivery));
      if (!reply.ok() && reply.failure->kind != ErrorKind::unknown_method) {
        throw Error(*reply.failure);
      }
      report({.check = "service", .detail = state + "; it answers"});
      return;
    }
    throw Error({.kind = ErrorKind::timeout,
                 .message = fmt::format("'{}' does not answer: {}", printable(service_), state),
                 .hint = "all its workers are busy, or it hangs"});
  }

  void miss(std::string_view rights) {
    missing_ += fmt::format("{}{}", missing_.empty() ? "" : ", ", rights);
  }

  std::string service_;
  std::string exchange_;
  Clock::time_point until_;
  nameko::Findings findings_;
  Loop loop_;
  std::vector<amqp::Endpoint> brokers_;
  std::string plain_ = {};
  std::string tls_version_ = {};
  bool exchange_there_ = false;
  bool may_receive_ = false;
  bool may_call_ = false;
  std::optional<Clock::duration> round_trip_ = std::nullopt;
  std::optional<amqp::Answer> service_queue_ = std::nullopt;
  std::string missing_ = {};
  std::string queue_ = {};
  std::string reply_key_ = random_uuid();
  amqp::Connection connection_;
};

}  // namespace

void examine(const Options& options, std::string_view service, Clock::time_point until,
             const std::function<void(Finding)>& found) {
  Examiner(options, service, until, found).run();
}

}  // namespace miko
