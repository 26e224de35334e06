#include "support/authority.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/process.h"

namespace miko::test {
namespace {

/// Runs openssl to its end in `directory`.
void openssl(const TemporaryDirectory& directory, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const Outcome run =
      miko::test::run({.argv = std::move(arguments), .working_directory = directory.path()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
}

}  // namespace

Authority::Authority() {
  make_key("ca");
  openssl(directory_, {"req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test authority",
                       "-days", "2", "-out", "ca.pem"});
  certify("server", "IP:127.0.0.1,DNS:localhost");
  certify("other", "DNS:rabbit.example.com");
  certify("client", "DNS:client.example.com");
  certify("nasty", "DNS:<\x1b[31m\x1b]0;owned\x07.example.com");
  certify("expired", "IP:127.0.0.1", "-1");
  make_key("stranger");
  openssl(directory_, {"genpkey", "-algorithm", "RSA", "-out", "rsa.key"});
  openssl(directory_, {"pkey", "-in", "server.key", "-aes256", "-passout", "pass:s3cret", "-out",
                       "encrypted.key"});
}

void Authority::make_key(const std::string& name) {
  openssl(directory_, {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                       name + ".key"});
}

void Authority::certify(const std::string& name, const std::string& names,
                        const std::string& days) {
  make_key(name);
  directory_.write_file(name + ".ext", "subjectAltName=" + names + "\n");
  openssl(directory_,
          {"req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr"});
  openssl(directory_,
          {"x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
           "-CAcreateserial", "-days", days, "-extfile", name + ".ext", "-out", name + ".pem"});
}

}  // namespace miko::test
