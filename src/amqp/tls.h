#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "amqp/uri.h"

namespace miko::amqp {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeTls {
  void operator()(SSL* tls) const noexcept { SSL_free(tls); }
};

/// "OpenSSL 3.0.17 ..." of the library in use.
[[nodiscard]] std::string openssl_version();

/// What OpenSSL's reading and writing knows of the socket.
struct TlsSocket {
  int fd = -1;
  std::size_t may_read = 0;
};

/// What a peer's certificate says; foreign texts, printable.
struct Certificate {
  std::string names = {};    ///< the hosts it is for, separated by ", "
  std::string issuer = {};   ///< who issued it: common name, or organisation
  std::string expires = {};  ///< "2027-01-31 12:00 UTC"
  int days_left = 0;         ///< negative once it has expired
  int chain_length = 0;      ///< certificates the peer sent, its own included
  bool verified = false;     ///< it was checked, and found good
};

/// What one attempt to read, write or shake hands came to.
struct TlsStep {
  std::size_t bytes = 0;
  short wait_for = 0;        ///< POLLIN or POLLOUT: try again when the socket is so
  bool closed = false;       ///< the peer ended the session properly
  std::string failure = {};  ///< not empty: it is over, and why
};

/// The client side of TLS (1.2 at least) over a non-blocking socket it does not own.
/// Nothing of OpenSSL is initialised before the first of these is made.
class TlsSession {
 public:
  /// Loads certificates and keys. `host` is the name or address to expect in the certificate.
  /// Throws Error{usage} for a file that cannot be used; never asks for a password.
  TlsSession(const TlsOptions& options, const std::string& host);

  void attach(int socket);

  /// Done when neither wait_for nor failure is set.
  [[nodiscard]] TlsStep handshake();
  [[nodiscard]] TlsStep read(char* bytes, std::size_t size);
  [[nodiscard]] TlsStep write(std::string_view bytes);

  /// Whether the handshake failed because of the peer's certificate or our own.
  [[nodiscard]] bool certificate_refused() const { return certificate_refused_; }

  /// The peer's, once it has sent one.
  [[nodiscard]] std::optional<Certificate> certificate() const;

  /// "TLSv1.3".
  [[nodiscard]] std::string version() const;

 private:
  TlsStep step(int result);
  std::string describe_failure(int error);
  [[nodiscard]] std::string describe_certificate() const;

  std::unique_ptr<SSL_CTX, FreeTlsContext> context_;
  std::unique_ptr<SSL, FreeTls> tls_;
  std::unique_ptr<TlsSocket> socket_;
  std::string expected_name_;
  bool certificate_refused_ = false;
};

}  // namespace miko::amqp
