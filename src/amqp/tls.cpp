#include "amqp/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

std::string last_openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown reason";
}

/// Why OpenSSL could not take `content`, a certificate or a key, from a file: the first error it
/// noted, as the last one only says where in OpenSSL it happened.
std::string file_reason(std::string_view content) {
  const unsigned long first = ERR_peek_error();
  const int library = ERR_GET_LIB(first);
  if (ERR_SYSTEM_ERROR(first)) {
    return std::strerror(ERR_GET_REASON(first));
  }
  if (library == ERR_LIB_PEM || library == ERR_LIB_OSSL_DECODER ||
      (library == ERR_LIB_X509 && ERR_GET_REASON(first) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND)) {
    return fmt::format("it has no {} in PEM", content);
  }
  return last_openssl_reason();
}

Error bad_file(std::string_view what, const std::string& file, std::string_view reason) {
  ERR_clear_error();
  return usage_error(fmt::format("cannot use {} '{}': {}", what, printable(file), reason));
}

/// OpenSSL would ask on the terminal, beyond every deadline. `asked` may be a bool to set.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  if (asked != nullptr) {
    *static_cast<bool*>(asked) = true;
  }
  return -1;
}

/// What one step may read. OpenSSL reads past messages it ignores, and a peer that sends them
/// without end would otherwise keep it busy beyond every deadline.
constexpr std::size_t step_bytes_max = 256UL * 1024;

// A BIO over send() and recv(): OpenSSL's own writes without MSG_NOSIGNAL, so that a broker that
// goes away would kill the process with SIGPIPE.
int bio_write(BIO* bio, const char* bytes, int size) {
  const int socket = static_cast<const TlsSocket*>(BIO_get_data(bio))->fd;
  const ssize_t sent = ::send(socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* bytes, int size) {
  auto* const socket = static_cast<TlsSocket*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (socket->may_read == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const ssize_t received = ::recv(socket->fd, bytes, static_cast<std::size_t>(size), 0);
  socket->may_read -=
      std::min(socket->may_read, static_cast<std::size_t>(std::max<ssize_t>(received, 0)));
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(received);
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct FreeBioMethod {
  void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};

BIO_METHOD* socket_bio_method() {
  static const std::unique_ptr<BIO_METHOD, FreeBioMethod> method = [] {
    std::unique_ptr<BIO_METHOD, FreeBioMethod> made(
        BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socket without SIGPIPE"));
    BIO_meth_set_write(made.get(), bio_write);
    BIO_meth_set_read(made.get(), bio_read);
    BIO_meth_set_ctrl(made.get(), bio_control);
    return made;
  }();
  return method.get();
}

bool is_address(const std::string& host) {
  in6_addr storage;
  return ::inet_pton(AF_INET, host.c_str(), &storage) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &storage) == 1;
}

/// Opening a pipe waits for whoever writes into it, beyond every deadline.
void refuse_pipes(const TlsOptions& options) {
  for (const std::string& file : {options.ca_file, options.certificate, options.key}) {
    struct stat status = {};
    if (!file.empty() && ::stat(file.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) {
      throw usage_error(fmt::format("cannot read a certificate or key from the pipe '{}'",
                                    printable(shortened(file, 200))));
    }
  }
}

void load_key(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  bool encrypted = false;
  SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
  const bool loaded = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (encrypted) {
    throw bad_file("the key", key, "it is encrypted, which is not supported");
  }
  const unsigned long code = ERR_peek_last_error();
  const bool foreign =
      ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH;
  if (!loaded && !foreign) {
    throw bad_file("the key", key, file_reason("key"));
  }
  if (foreign || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    throw usage_error(fmt::format("the key '{}' does not belong to the certificate '{}'",
                                  printable(key), printable(certificate)));
  }
}

void load_files(SSL_CTX* context, const TlsOptions& options) {
  refuse_pipes(options);
  SSL_CTX_set_default_passwd_cb(context, refuse_password);
  ERR_clear_error();
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    throw bad_file("the CA file", options.ca_file, file_reason("certificate"));
  }
  if (options.certificate.empty()) {
    if (!options.key.empty()) {
      throw usage_error("a TLS key without a certificate", "give the certificate with --cert");
    }
    return;
  }
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    throw bad_file("the certificate", options.certificate, file_reason("certificate"));
  }
  ERR_clear_error();
  load_key(context, options.certificate, options.key.empty() ? options.certificate : options.key);
}

std::string name_text(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    const ASN1_STRING* text = name->d.dNSName;
    return printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text))});
  }
  if (name->type == GEN_IPADD) {
    const ASN1_OCTET_STRING* address = name->d.iPAddress;
    char text[INET6_ADDRSTRLEN] = "";
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    ::inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
    return text;
  }
  return {};
}

std::string names_in(X509* certificate) {
  std::string names;
  auto* const found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const std::string name = name_text(sk_GENERAL_NAME_value(found, i));
    if (!name.empty()) {
      names += names.empty() ? name : ", " + name;
    }
  }
  GENERAL_NAMES_free(found);
  return names.empty() ? "no name at all" : shortened(names, 200);
}

std::string time_text(const ASN1_TIME* time) {
  tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return "an unreadable date";
  }
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

std::string name_in(X509_NAME* name) {
  for (const int part : {NID_commonName, NID_organizationName}) {
    const int index = X509_NAME_get_index_by_NID(name, part, -1);
    if (index >= 0) {
      const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
      return printable(shortened({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                  static_cast<std::size_t>(ASN1_STRING_length(text))},
                                 100));
    }
  }
  return "somebody without a name";
}

int days_until(const ASN1_TIME* time) {
  int days = 0;
  int seconds = 0;
  return ASN1_TIME_diff(&days, &seconds, nullptr, time) == 1 ? days : 0;
}

}  // namespace

std::string openssl_version() {
  return OpenSSL_version(OPENSSL_VERSION);
}

TlsSession::TlsSession(const TlsOptions& options, const std::string& host)
    : context_(SSL_CTX_new(TLS_client_method())),
      expected_name_(options.server_name.empty() ? host : options.server_name) {
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context_.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  load_files(context_.get(), options);

  tls_.reset(SSL_new(context_.get()));
  const bool address = is_address(expected_name_);
  if (!address) {
    // What the macro SSL_set_tlsext_host_name does, without its C cast.
    SSL_ctrl(tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             expected_name_.data());
  }
  if (options.verify && options.check_name) {
    SSL_set_hostflags(tls_.get(),
                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (address) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), expected_name_.c_str());
    } else {
      SSL_set1_host(tls_.get(), expected_name_.c_str());
    }
  }
}

void TlsSession::attach(int socket) {
  BIO* const bio = BIO_new(socket_bio_method());
  // On the heap, as this object may be moved.
  socket_ = std::make_unique<TlsSocket>(TlsSocket{.fd = socket});
  BIO_set_data(bio, socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
}

TlsStep TlsSession::handshake() {
  ERR_clear_error();
  socket_->may_read = step_bytes_max;
  return step(SSL_connect(tls_.get()));
}

TlsStep TlsSession::read(char* bytes, std::size_t size) {
  ERR_clear_error();
  socket_->may_read = step_bytes_max;
  std::size_t done = 0;
  TlsStep result = step(SSL_read_ex(tls_.get(), bytes, size, &done));
  result.bytes = done;
  return result;
}

TlsStep TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  socket_->may_read = step_bytes_max;
  std::size_t done = 0;
  TlsStep result = step(SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &done));
  result.bytes = done;
  return result;
}

std::optional<Certificate> TlsSession::certificate() const {
  // The peer's certificate proper is not set before it is accepted.
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(tls_.get());
  if (chain == nullptr || sk_X509_num(chain) == 0) {
    return std::nullopt;
  }
  X509* const own = sk_X509_value(chain, 0);
  return Certificate{.names = names_in(own),
                     .issuer = name_in(X509_get_issuer_name(own)),
                     .expires = time_text(X509_get0_notAfter(own)),
                     .days_left = days_until(X509_get0_notAfter(own)),
                     .chain_length = sk_X509_num(chain),
                     .verified = SSL_get_verify_mode(tls_.get()) != SSL_VERIFY_NONE &&
                                 SSL_get_verify_result(tls_.get()) == X509_V_OK};
}

std::string TlsSession::version() const {
  return SSL_get_version(tls_.get());
}

TlsStep TlsSession::step(int result) {
  if (result == 1) {
    return {};
  }
  const int error = SSL_get_error(tls_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {.wait_for = POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return {.wait_for = POLLOUT};
    case SSL_ERROR_ZERO_RETURN:
      return {.closed = true};
    default:
      return {.failure = describe_failure(error)};
  }
}

std::string TlsSession::describe_failure(int error) {
  const int system_error = errno;
  const long verification = SSL_get_verify_result(tls_.get());
  if (verification != X509_V_OK) {
    certificate_refused_ = true;
    ERR_clear_error();
    return describe_certificate();
  }
  if (error == SSL_ERROR_SYSCALL) {
    return system_error != 0 ? std::strerror(system_error) : "the connection was cut";
  }
  std::string reason = last_openssl_reason();
  certificate_refused_ = reason.find("alert") != std::string::npos &&
                         (reason.find("certificate") != std::string::npos ||
                          reason.find("unknown ca") != std::string::npos);
  return reason;
}

std::string TlsSession::describe_certificate() const {
  const long verification = SSL_get_verify_result(tls_.get());
  std::string reason = X509_verify_cert_error_string(verification);
  // The peer's certificate proper is not set before it is accepted.
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(tls_.get());
  if (chain == nullptr || sk_X509_num(chain) == 0) {
    return reason;
  }
  X509* const certificate = sk_X509_value(chain, 0);
  switch (verification) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("it is for {}, not for {}", names_in(certificate),
                         printable(expected_name_));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("it expired on {}", time_text(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("it is not valid before {}", time_text(X509_get0_notBefore(certificate)));
    default:
      return reason;
  }
}

}  // namespace miko::amqp
