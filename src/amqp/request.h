#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "amqp/message.h"

/// What a client asks of a broker besides taking messages. Each is answered once, or its channel is
/// closed: 403 no right, 404 not there, 405 somebody's exclusively, 406 there with other flags.
namespace miko::amqp::request {

/// The broker confirms every message of the channel from then on.
struct ConfirmSelect {};

/// Asking takes no permission on the exchange or queue; since 4.2.6 RabbitMQ wants one, whichever.
struct DeclareExchange {
  std::string exchange = {};
  std::string type = "topic";
  bool passive = false;  ///< only asks whether it is there
  bool durable = true;
  bool auto_delete = false;
};

struct DeclareQueue {
  std::string queue = {};
  bool passive = false;  ///< only asks for its counts
  bool durable = false;
  bool exclusive = false;  ///< of this connection, and gone with it
  bool auto_delete = false;
  Table arguments = {};
};

struct BindQueue {
  std::string queue = {};
  std::string exchange = {};
  std::string routing_key = {};
};

/// Answered without complaint when there is no such binding.
struct UnbindQueue {
  std::string queue = {};
  std::string exchange = {};
  std::string routing_key = {};
};

/// Answered without complaint when there is no such queue.
struct DeleteQueue {
  std::string queue = {};
  bool if_unused = false;
  bool if_empty = false;
};

/// How many deliveries may wait for their acknowledgement, for consumers that begin afterwards.
struct Prefetch {
  std::uint16_t count = 0;  ///< 0: no limit
};

/// The consumer is tagged with the queue's name, so a queue has one consumer of a channel at most.
struct Consume {
  std::string queue = {};
  bool acknowledged = false;  ///< deliveries are the broker's until they are acknowledged
};

/// Ends the consumer of the queue.
struct Cancel {
  std::string queue = {};
};

}  // namespace miko::amqp::request

namespace miko::amqp {

using Request =
    std::variant<request::ConfirmSelect, request::DeclareExchange, request::DeclareQueue,
                 request::BindQueue, request::UnbindQueue, request::DeleteQueue, request::Prefetch,
                 request::Consume, request::Cancel>;

/// The answer to a Request.
struct Answer {
  std::uint16_t channel = 0;  ///< on which it was asked
  /// Of a queue that was declared: messages ready to be delivered, and consumers.
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;
  std::uint16_t refusal_code = 0;  ///< 403, 404, 405, 406, ...; 0: granted
  std::string refusal_text = {};

  [[nodiscard]] bool granted() const { return refusal_code == 0; }
};

}  // namespace miko::amqp
