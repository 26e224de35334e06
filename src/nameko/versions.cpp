#include "nameko/versions.h"

#include "amqp/codec.h"
#include "amqp/tls.h"
#include "base/json_writer.h"

namespace miko {

LibraryVersions library_versions() {
  return {.miko = MIKO_VERSION,
          .rabbitmq_c = amqp::rabbitmq_c_version(),
          .openssl = amqp::openssl_version(),
          .rapidjson = std::string(rapidjson_version())};
}

}  // namespace miko
