// The whole client against a server that says anything. Input: two bytes with options, see
// plan_of(), then what the server says: a script as script.h describes it, or raw bytes for the
// first connection.
//
// The first random bytes a client takes are its reply key, then its queue's name, then the
// correlation id of each call: that of the first call is
// 03030303-0303-4303-8303-030303030303, that of the second 05050505-0505-4505-8505-050505050505.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/json.h"
#include "fuzz/fuzz.h"
#include "fuzz/simulated_network.h"
#include "miko.h"

namespace miko::fuzz {
namespace {

constexpr std::chrono::seconds call_timeout{5};

struct Plan {
  Options client = {};
  NetworkOptions network = {};
  unsigned calls = 1;
  bool one_by_one = false;  ///< call() instead of start() and wait()
  bool expires = true;
  bool large = false;  ///< requests over what goes into the first flight
};

Plan plan_of(Input& input) {
  const unsigned first = input.u8();
  const unsigned second = input.u8();
  const auto has = [](unsigned options, unsigned bit) { return (options >> bit & 1U) != 0; };
  constexpr std::array ends = {End::eof, End::close, End::reset, End::silence};
  Plan plan = {.calls = (first >> 1U & 3U) + 1,
               .one_by_one = has(first, 5),
               .expires = !has(second, 5),
               .large = has(second, 4) && has(second, 7)};
  plan.client = {.broker = "amqp://127.0.0.1",
                 .timeout = call_timeout,
                 .in_flight_max = has(first, 6) ? 2 : 1000,
                 .reply_size_max = has(second, 0) ? 64U : 1'000'000U,
                 .careful = has(first, 0)};
  if (has(second, 1)) {
    plan.client.broker = "amqp://127.0.0.1;amqp://u:p@[::1]:1/v?heartbeat=0";
  }
  if (plan.large) {
    plan.calls = std::min(plan.calls, 2U);  // they take their time
  }
  plan.network = {.end = ends[first >> 3U & 3U],
                  .end_at_once = has(second, 2),
                  .speaks_first = has(second, 3),
                  .deaf = has(second, 6)};
  if (has(first, 7)) {
    plan.network.conversations = {{.turns = {{.bytes = std::string(input.take_rest())}}}};
  } else {
    plan.network.conversations = read_script(input);
  }
  return plan;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Whether the server proved that nothing was executed, and that is what the failure is about: it
/// is no AMQP 0-9-1 server, or it closed something and gave a reason.
bool is_disproof(std::string_view message, std::string_view said) {
  constexpr std::string_view greeting("\x01\0\0", 3);
  constexpr std::string_view connection_close("\0\x0a\0\x32", 4);
  constexpr std::string_view channel_close("\0\x14\0\x28", 4);
  constexpr std::array reasons = {"login refused for user",
                                  "the broker refused: ", "the broker closed the connection: ",
                                  "the broker closed the channel: ", "no Nameko exchange"};
  const bool named = std::any_of(reasons.begin(), reasons.end(), [message](const char* reason) {
    return contains(message, reason);
  });
  const bool foreign =
      contains(message, "is not an AMQP server") || contains(message, "does not speak AMQP");
  // Either may stand in a text of the server that the message repeats.
  return (named && (contains(said, connection_close) || contains(said, channel_close))) ||
         (foreign && !said.starts_with(greeting));
}

/// With MIKO_FUZZ_SHOW in the environment: what became of a call, for whoever wonders what an input
/// does.
void show(const Reply& reply, std::size_t number) {
  static const bool wanted = std::getenv("MIKO_FUZZ_SHOW") != nullptr;
  if (wanted && reply.ok()) {
    std::printf("call %zu: %s\n", number, reply.result.c_str());
  } else if (wanted) {
    std::printf("call %zu: %s, executed: %s\n", number, reply.failure->message.c_str(),
                std::string(executed_word(reply.failure->executed)).c_str());
  }
}

/// What is known of a call from outside.
struct Watched {
  std::string correlation_id = {};
  std::optional<Reply> reply = std::nullopt;
};

class Session {
 public:
  explicit Session(Plan plan)
      : plan_(std::move(plan)), network_(plan_.network), client_(connect(plan_.client)) {
    arguments_ = {.args = plan_.large ? large_args() : R"(["Ann"])", .expires = plan_.expires};
  }

  void run() {
    calls_.reserve(plan_.calls);
    const bool lost = !survives([this] {
      for (unsigned i = 0; i < plan_.calls; ++i) {
        plan_.one_by_one ? call() : start();
      }
      client_.wait();
    });
    check_replies(lost);
    if (lost && asked()) {
      require(!survives([this] { start(); }), "a lost session takes another call");
    }
    client_.close();
    check_exchanges();
    require(network_.now() < started_ + plan_.calls * call_timeout + std::chrono::seconds(3),
            "it takes too long");
  }

 private:
  static const std::string& large_args() {
    static const std::string text = "[\"" + std::string(66'000, 'x') + "\"]";
    return text;
  }

  /// Whether the session is not lost. Checks what it says if it is.
  template <class Run>
  bool survives(const Run& run) {
    try {
      run();
      return true;
    } catch (const Error& error) {
      require_failure(error.failure(), {ErrorKind::unreachable, ErrorKind::denied,
                                        ErrorKind::connection_lost, ErrorKind::unknown_service});
      require(error.failure().executed != Executed::yes, "a lost session that executed something",
              error.what());
      return false;
    }
  }

  void call() {
    calls_.emplace_back();
    Watched& watched = calls_.back();
    try {
      watched.reply = client_.call("greeting", "hello", arguments_);
    } catch (const Error& error) {
      watched.reply = Reply{.failure = error.failure()};
      check(watched, calls_.size());
      throw;
    }
    check(watched, calls_.size());
  }

  void start() {
    const std::size_t number = calls_.size() + 1;
    client_.start("greeting", "hello", arguments_, [this, number](Reply reply) {
      Watched& watched = calls_.at(number - 1);
      require(!watched.reply, "a call is done twice");
      watched.reply = std::move(reply);
      check(watched, number);
    });
    // start() may run others to their end, but not the one it begins.
    calls_.emplace_back();
  }

  /// Whether anybody was sent a request, or a part of one; if not, the client may connect again.
  bool asked() {
    constexpr std::string_view publish("\0\x3c\0\x28", 4);
    const auto& exchanges = network_.exchanges();
    return std::any_of(exchanges.begin(), exchanges.end(),
                       [&](const auto& exchange) { return contains(exchange.heard, publish); });
  }

  void check_replies(bool lost) {
    for (const Watched& watched : calls_) {
      require(watched.reply.has_value(), "a call is never done");
      require(!lost || network_.now() >= started_, "time goes back");
    }
  }

  /// A request is sent again only where it is known that RabbitMQ refused the first one.
  void check_exchanges() {
    const auto& exchanges = network_.exchanges();
    for (std::size_t i = 0; i + 1 < exchanges.size(); ++i) {
      require(whole_messages(exchanges[i].heard) == 0 || contains(exchanges[i].said, "RabbitMQ"),
              "a request is sent twice", exchanges[i].said);
    }
  }

  void check(const Watched& watched, std::size_t number) {
    const Reply& reply = *watched.reply;
    show(reply, number);
    if (reply.ok()) {
      require(!find_json_fault(reply.result, JsonDialect::python), "a result that is no JSON",
              reply.result);
      require_replied(reply);
      return;
    }
    const Failure& failure = *reply.failure;
    require_failure(failure,
                    {ErrorKind::remote_error, ErrorKind::unknown_service, ErrorKind::unknown_method,
                     ErrorKind::bad_arguments, ErrorKind::unreachable, ErrorKind::denied,
                     ErrorKind::bad_reply, ErrorKind::connection_lost, ErrorKind::timeout});
    if (failure.executed == Executed::yes) {
      require_replied(reply);
    } else if (failure.executed == Executed::no) {
      check_not_executed(failure, number);
    }
  }

  /// What the server said on the last connection.
  std::string_view said() {
    return network_.exchanges().empty() ? std::string_view() : network_.exchanges().back().said;
  }

  void require_replied(const Reply& reply) {
    require(!reply.correlation_id.empty() && contains(said(), reply.correlation_id),
            "a reply that nobody sent", reply.correlation_id);
  }

  void check_not_executed(const Failure& failure, std::size_t number) {
    constexpr std::string_view returned("\0\x3c\0\x32", 4);
    const bool refused_by_service =
        failure.kind == ErrorKind::unknown_method || failure.kind == ErrorKind::bad_arguments;
    const bool came_back = failure.kind == ErrorKind::unknown_service && contains(said(), returned);
    require(refused_by_service || came_back || is_disproof(failure.message, said()) ||
                whole_messages(network_.exchanges().back().heard) < number,
            "it may have been executed", failure.message);
  }

  Plan plan_;
  SimulatedNetwork network_;
  Clock::time_point started_ = network_.now();
  Client client_;
  Arguments arguments_ = {};
  std::vector<Watched> calls_ = {};
};

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko::fuzz;
  Input input(data, size);
  Session(plan_of(input)).run();
  return 0;
}
