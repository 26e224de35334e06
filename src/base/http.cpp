#include "base/http.h"

#include <cstdlib>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/curl.h"
#include "base/error.h"
#include "base/text.h"

namespace miko {

/// libcurl says which sockets it waits for and when it wants to be called; Loop does the waiting.
struct Http::State {
  State(const Loop& one_loop, HttpOptions http_options)
      : loop(one_loop),
        options(std::move(http_options)),
        easy(curl().easy_init()),
        multi(curl().multi_init()) {
    if (easy == nullptr || multi == nullptr) {
      throw Error({.kind = ErrorKind::internal, .message = "libcurl cannot be initialised"});
    }
    curl().set_multi_option(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
    curl().set_multi_option(multi, CURLMOPT_SOCKETDATA, this);
    curl().set_multi_option(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer);
    curl().set_multi_option(multi, CURLMOPT_TIMERDATA, this);
    configure();
  }

  ~State() {
    curl().multi_cleanup(multi);
    curl().easy_cleanup(easy);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void configure() {
    const auto set_text = [this](CURLoption option, const std::string& text) {
      if (!text.empty()) {
        curl().set_option(easy, option, text.c_str());
      }
    };
    curl().set_option(easy, CURLOPT_NOSIGNAL, 1L);
    // Else the end of a transfer waits for a resolver that does not answer.
    curl().set_option(easy, CURLOPT_QUICK_EXIT, 1L);
    curl().set_option(easy, CURLOPT_PROXY, "");
    curl().set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl().set_option(easy, CURLOPT_WRITEFUNCTION, &State::on_body);
    curl().set_option(easy, CURLOPT_WRITEDATA, this);
    curl().set_option(easy, CURLOPT_ERRORBUFFER, error_text);
    set_text(CURLOPT_USERNAME, options.user);
    set_text(CURLOPT_PASSWORD, options.password);
    set_text(CURLOPT_CAINFO, options.ca_file.empty() ? variable("SSL_CERT_FILE") : options.ca_file);
    set_text(CURLOPT_CAPATH, options.ca_file.empty() ? variable("SSL_CERT_DIR") : "");
    set_text(CURLOPT_SSLCERT, options.certificate);
    set_text(CURLOPT_SSLKEY, options.key);
    curl().set_option(easy, CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
    curl().set_option(easy, CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
    if (!options.connect_to.empty()) {
      route = "::" + options.connect_to;
      entry = {.data = route.data(), .next = nullptr};
      curl().set_option(easy, CURLOPT_CONNECT_TO, &entry);
    }
  }

  /// Where OpenSSL looks for the system's authorities, and libcurl itself does not.
  static std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
  }

  static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*own*/) {
    auto& state = *static_cast<State*>(self);
    if (what == CURL_POLL_REMOVE) {
      state.sockets.erase(socket);
    } else {
      state.sockets[socket] = static_cast<short>((what != CURL_POLL_OUT ? POLLIN : 0) |
                                                 (what != CURL_POLL_IN ? POLLOUT : 0));
    }
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
    auto& state = *static_cast<State*>(self);
    state.timer = milliseconds < 0
                      ? std::nullopt
                      : std::optional(Clock::now() + std::chrono::milliseconds(milliseconds));
    return 0;
  }

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& state = *static_cast<State*>(self);
    const std::size_t added = size * count;
    if (state.body.size() + added > body_size_max) {
      return 0;
    }
    state.body.append(bytes, added);
    return added;
  }

  /// One round: sleeps until libcurl has something to do, and lets it. False: the time is over.
  bool turn(Clock::time_point until) {
    const Clock::time_point now = Clock::now();
    if (now >= until) {
      return false;
    }
    std::vector<pollfd> fds;
    for (const auto& [socket, events] : sockets) {
      fds.push_back({.fd = socket, .events = events, .revents = 0});
    }
    const Clock::time_point wake = std::min(until, timer.value_or(until));
    const int ready = loop.wait(fds, wake);
    int running = 0;
    if (ready == 0 && timer && Clock::now() >= *timer) {
      timer.reset();
      curl().act(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (const pollfd& fd : fds) {
      if (fd.revents != 0) {
        const int mask = ((fd.revents & POLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                         ((fd.revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                         ((fd.revents & (POLLERR | POLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        curl().act(multi, fd.fd, mask, &running);
      }
    }
    return true;
  }

  /// How the transfer ended; nothing while it goes on.
  [[nodiscard]] std::optional<CURLcode> finished() const {
    int left = 0;
    while (const CURLMsg* const message = curl().read_info(multi, &left)) {
      if (message->msg == CURLMSG_DONE) {
        return message->data.result;
      }
    }
    return std::nullopt;
  }

  const Loop& loop;
  HttpOptions options;
  CURL* easy;
  CURLM* multi;
  std::map<curl_socket_t, short> sockets = {};
  std::optional<Clock::time_point> timer = std::nullopt;
  std::string body = {};
  std::string route = {};
  curl_slist entry = {};
  char error_text[CURL_ERROR_SIZE] = "";
};

namespace {

/// A transfer belongs to the multi handle while this lives.
class Transfer {
 public:
  Transfer(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) {
    curl().add_handle(multi_, easy_);
  }
  ~Transfer() { curl().remove_handle(multi_, easy_); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

 private:
  CURLM* multi_;
  CURL* easy_;
};

}  // namespace

Http::Http(const Loop& loop, HttpOptions options)
    : state_(std::make_unique<State>(loop, std::move(options))) {}
Http::~Http() = default;

HttpResponse Http::get(const std::string& url, Clock::time_point until) {
  State& state = *state_;
  state.body.clear();
  state.error_text[0] = '\0';
  curl().set_option(state.easy, CURLOPT_URL, url.c_str());
  const Transfer transfer(state.multi, state.easy);
  // Adding a handle sets the timer, so that the first turn begins the transfer.
  std::optional<CURLcode> result;
  while (!result) {
    if (!state.turn(until)) {
      throw Error({.kind = ErrorKind::unreachable, .message = "no answer in time"});
    }
    result = state.finished();
  }
  if (*result != CURLE_OK) {
    const bool distrusted = *result == CURLE_PEER_FAILED_VERIFICATION;
    const std::string why =
        state.error_text[0] != '\0' ? state.error_text : curl().describe(*result);
    throw Error({.kind = distrusted ? ErrorKind::denied : ErrorKind::unreachable,
                 .message = printable(shortened(why, 200))});
  }
  HttpResponse response = {.body = std::move(state.body)};
  curl().get_info(state.easy, CURLINFO_RESPONSE_CODE, &response.status);
  return response;
}

}  // namespace miko
