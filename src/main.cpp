#include <fcntl.h>
#include <unistd.h>

#include <span>

#include "cli/app.h"

namespace {

/// Fills a closed standard stream with /dev/null: otherwise the next descriptor that is opened, a
/// socket, would become it. Returns whether it was closed.
bool fill_if_closed(int stream, int mode) {
  if (::fcntl(stream, F_GETFD) != -1) {
    return false;
  }
  // The lowest free descriptor is taken, and the lower streams are open by now.
  [[maybe_unused]] const int opened = ::open("/dev/null", mode);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  fill_if_closed(STDIN_FILENO, O_RDONLY);
  const bool stdout_closed = fill_if_closed(STDOUT_FILENO, O_WRONLY);
  fill_if_closed(STDERR_FILENO, O_WRONLY);
  return miko::cli::run_program(std::span(argv, static_cast<std::size_t>(argc)),
                                {.standard_output = stdout_closed});
}
