#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nameko/reply.h"

namespace miko {

/// A request somebody sent to a service, and what became of it.
struct Exchange {
  std::uint64_t number = 0;  ///< from 1, in the order of the requests
  /// Of the request during which its service made this one, and which has not ended; 0: none that
  /// was seen.
  std::uint64_t parent_number = 0;
  std::string service = {};
  std::string method = {};
  std::string args = {};    ///< JSON as the caller wrote it; empty if it is not there
  std::string kwargs = {};  ///< the same
  /// Why there are no arguments to show, e.g. "the request is of type 'application/x-yaml'".
  std::string request_fault = {};
  /// Oldest first; the last one is the caller's own id.
  std::vector<std::string> call_id_stack = {};
  /// The id under which the service ran it: known if it made calls meanwhile that were seen.
  std::string call_id = {};
  Clock::time_point requested = {};  ///< when the request was seen
  bool answered = false;             ///< a reply was seen
  /// Result or failure; without a reply ErrorKind::timeout. `elapsed` is from seeing the request to
  /// seeing the reply, or to giving up.
  Reply reply = {};

  /// Bytes of it that are kept in memory.
  [[nodiscard]] std::size_t size() const {
    return args.size() + kwargs.size() + reply.result.size() +
           (reply.remote ? reply.remote->json.size() : 0);
  }
};

}  // namespace miko
