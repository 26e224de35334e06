#include "cli/suite_caller.h"

#include <utility>

namespace miko::cli {

void SuiteCaller::connect(Clock::time_point until, int interrupt_fd) {
  if (rpc_) {
    return;
  }
  Options options = options_;
  options.interrupt_fd = interrupt_fd;
  Client rpc = miko::connect(std::move(options));
  rpc.log_in(until);
  rpc.set_interrupt_fd(-1);
  rpc_ = std::move(rpc);
}

void SuiteCaller::start(const FilledCase& filled, Clock::duration timeout,
                        std::function<void(Reply)> done) {
  Arguments arguments = filled.arguments;
  arguments.timeout = timeout;
  rpc_->start(filled.target.service, filled.target.method, std::move(arguments), std::move(done));
}

void SuiteCaller::run_once(std::span<pollfd> others, Clock::time_point until) {
  if (!rpc_) {
    static_cast<void>(Loop().wait(others, until));
    return;
  }
  try {
    rpc_->run_once(others, until);
  } catch (const Error&) {
    rpc_.reset();
    throw;
  }
}

Reply SuiteCaller::call(const FilledCase& filled, Clock::duration timeout, int interrupt_fd) {
  rpc_->set_interrupt_fd(interrupt_fd);
  try {
    Arguments arguments = filled.arguments;
    arguments.timeout = timeout;
    Reply reply = rpc_->call(filled.target.service, filled.target.method, std::move(arguments));
    rpc_->set_interrupt_fd(-1);
    return reply;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::usage) {
      rpc_->set_interrupt_fd(-1);
    } else {
      rpc_.reset();
    }
    throw;
  }
}

void SuiteCaller::keep_up() {
  if (rpc_) {
    run_once({}, Clock::now());
  }
}

void SuiteCaller::close() {
  if (rpc_) {
    rpc_->close();
    rpc_.reset();
  }
}

}  // namespace miko::cli
