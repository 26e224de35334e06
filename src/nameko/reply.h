#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace miko {

/// What a caller gives a method, and what goes with the request. All JSON is text.
struct Arguments {
  std::string args = "[]";     ///< positional arguments, a JSON array
  std::string kwargs = "{}";   ///< keyword arguments, a JSON object
  std::string context = "{}";  ///< Nameko context data, a JSON object: key K travels as "nameko.K"
  std::string headers = "{}";  ///< other AMQP headers, a JSON object
  /// How long to wait for the reply, instead of Options::timeout.
  std::optional<Clock::duration> timeout = std::nullopt;
  /// When to give up, instead of that long from now; messages still name the timeout.
  std::optional<Clock::time_point> deadline = std::nullopt;
  /// The request expires in the service's queue when the caller stops waiting, so that a call that
  /// timed out there does not run later.
  bool expires = true;
  /// Sends no arguments at all, not even empty ones: Nameko refuses the request once it has found
  /// the method, so none of the service's code runs. See presence().
  bool probe = false;
};

/// The exception a method raised, as Nameko sent it. Texts are UTF-8, lone surrogates replaced.
struct RemoteError {
  std::string exc_type = {};    ///< class name, e.g. "NotFound"
  std::string exc_path = {};    ///< with its module, e.g. "orders.errors.NotFound"
  std::string exc_args = "[]";  ///< JSON array
  std::string value = {};       ///< str() of the exception
  std::string json = {};        ///< the whole error object as it came
};

/// What became of one call: a result or a failure.
struct Reply {
  std::string result = {};  ///< JSON as Python wrote it; empty without one
  std::optional<Failure> failure = std::nullopt;
  std::optional<RemoteError> remote = std::nullopt;  ///< with ErrorKind::remote_error and the like
  std::string correlation_id = {};
  Clock::duration elapsed = {};  ///< from start to reply or failure

  [[nodiscard]] bool ok() const { return !failure; }

  /// The result. Throws Error if the call failed.
  [[nodiscard]] const std::string& value() const {
    if (failure) {
      throw Error(*failure);
    }
    return result;
  }
};

}  // namespace miko
