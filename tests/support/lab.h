#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace miko::test {

inline constexpr std::string_view nameko_2 = "2.14.1";
inline constexpr std::string_view nameko_3 = "3.0.0rc11";

/// A running Nameko with the services of lab_service.py.
struct Service {
  std::string vhost = "";
  std::string uri = "";
  pid_t pid = -1;
  /// Files: what it logged, its config.yaml, and the lines its method `record` wrote.
  std::string log = "";
  std::string config = "";
  std::string executed = "";
  /// Starts another instance of it.
  std::vector<std::string> command = {};
};

/// One broker of a lab; with several they form a cluster.
struct Node {
  std::string name = "";
  /// The administrator's, of vhost "/".
  std::string uri = "";
  pid_t pid = -1;
  /// File: what it logged.
  std::string log = "";
  /// Starts it again, with what it had stored, when it has ended.
  std::vector<std::string> command = {};
};

/// A limited user, on all vhosts; the rights are RabbitMQ's regular expressions.
struct User {
  std::string name = "";
  std::string password = "";
  std::string configure = "";
  std::string write = "";
  std::string read = "";
};

struct LabOptions {
  std::vector<std::string> nameko_versions = {};
  /// Brokers in a cluster. The services, and with them their queues, are on the last one.
  int nodes = 1;
  /// Lines "key = value" for rabbitmq.conf.
  std::vector<std::string> broker_config = {};
  std::vector<std::string> vhosts = {};
  std::vector<User> users = {};
  /// A folder with ca.pem, server.pem and server.key turns TLS on.
  std::optional<std::string> tls = std::nullopt;
  /// With the management HTTP API, which takes a second or two.
  bool management = false;
};

/// A private RabbitMQ, and Nameko services on it: see lab.py. What it says of the broker is about
/// the first node, if there are several.
class Lab {
 public:
  /// A lab that somebody else started; `file` is its lab.json.
  static Lab attach(const std::string& file);
  /// A lab that ends with this object. Throws std::runtime_error if it does not come up.
  static Lab start(const LabOptions& options = {});

  /// Why there is no broker, or no Nameko of this version; empty if there is.
  [[nodiscard]] const std::string& why_no_broker() const { return why_no_broker_; }
  [[nodiscard]] std::string why_no_nameko(std::string_view version) const;

  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] int port() const { return port_; }
  /// 0 without TLS.
  [[nodiscard]] int tls_port() const { return tls_port_; }
  /// Of the management HTTP API; 0 without it.
  [[nodiscard]] int management_port() const { return management_port_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const std::string& password() const { return password_; }
  /// The administrator's URI of vhost "/", or of another (not percent-encoded) vhost.
  [[nodiscard]] const std::string& uri() const { return uri_; }
  [[nodiscard]] std::string uri(std::string_view vhost) const;
  [[nodiscard]] std::string uri(const User& user, std::string_view vhost = "/") const;
  [[nodiscard]] pid_t broker_pid() const { return broker_pid_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// What the broker has logged so far.
  [[nodiscard]] std::string broker_log() const;
  [[nodiscard]] const Service& service(std::string_view version) const;
  [[nodiscard]] Outcome rabbitmqctl(const std::vector<std::string>& arguments) const;
  /// Whether the broker shows queues and exchanges only to users with a permission on them, as
  /// RabbitMQ does since 4.2.6.
  [[nodiscard]] bool hides_from_strangers() const;

 private:
  explicit Lab(std::string_view description);

  std::unique_ptr<Child> process_;
  std::string why_no_broker_;
  std::string skipped_;
  std::string host_;
  int port_ = 0;
  int tls_port_ = 0;
  int management_port_ = 0;
  std::string user_;
  std::string password_;
  std::string uri_;
  std::string log_;
  pid_t broker_pid_ = -1;
  std::vector<std::string> rabbitmqctl_;
  std::vector<Node> nodes_;
  std::map<std::string, Service, std::less<>> services_;
};

/// The lab all tests share: the one named by MIKO_LAB, else one for the life of this process.
const Lab& lab();

/// Whether the environment says that tests must not be skipped (MIKO_REQUIRE_LAB=1).
bool lab_is_required();

}  // namespace miko::test

/// Skips the test if `why` is not empty, or fails it where skipping is forbidden.
#define MIKO_SKIP_BECAUSE(why)                      \
  do {                                              \
    const std::string miko_reason = (why);          \
    if (!miko_reason.empty()) {                     \
      if (miko::test::lab_is_required()) {          \
        FAIL() << miko_reason;                      \
      } else {                                      \
        GTEST_SKIP() << "SKIPPED: " << miko_reason; \
      }                                             \
    }                                               \
  } while (false)

/// First line of a test, or of SetUp(), that uses lab().
#define MIKO_NEEDS_BROKER() MIKO_SKIP_BECAUSE(miko::test::lab().why_no_broker())
#define MIKO_NEEDS_NAMEKO(version) MIKO_SKIP_BECAUSE(miko::test::lab().why_no_nameko(version))
