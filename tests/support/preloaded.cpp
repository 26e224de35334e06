// A library that is loaded into miko in front of libc: a resolver and a wall clock that misbehave.
// preload.h says what the variables mean.

#include <dlfcn.h>
#include <netdb.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

[[noreturn]] void hang(const char* name) {
  const std::string note = std::string("getaddrinfo hangs: ") + name + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, note.data(), note.size());
  while (true) {
    ::pause();
  }
}

/// Ten years ahead and ten years behind by turns; 0 where the clock is to be left alone.
time_t jump() {
  constexpr time_t ten_years = 10 * 365 * 86'400;
  static const bool wanted = std::getenv("MIKO_TEST_CLOCK") != nullptr;
  static std::atomic<unsigned> calls = 0;
  if (!wanted) {
    return 0;
  }
  return ++calls % 2 == 0 ? ten_years : -ten_years;
}

}  // namespace

extern "C" {

int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  static auto* const real = next<decltype(::getaddrinfo)>("getaddrinfo");
  const char* const wanted = std::getenv("MIKO_TEST_RESOLVER");
  const int flags = hints == nullptr ? 0 : hints->ai_flags;
  if (wanted == nullptr || (flags & AI_NUMERICHOST) != 0) {
    return real(name, service, hints, result);
  }
  if (std::strcmp(wanted, "hang") == 0) {
    hang(name);
  }
  addrinfo** end = result;
  const std::string list = wanted;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t comma = std::min(list.find(',', start), list.size());
    const std::string address = list.substr(start, comma - start);
    if (const int status = real(address.c_str(), service, hints, end); status != 0) {
      return status;
    }
    while (*end != nullptr) {
      end = &(*end)->ai_next;
    }
    start = comma + 1;
  }
  return 0;
}

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime");
  const int status = real(clock, now);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += jump();
  }
  return status;
}

int gettimeofday(timeval* now, void* zone) noexcept {
  static auto* const real = next<int(timeval*, void*)>("gettimeofday");
  const int status = real(now, zone);
  now->tv_sec += jump();
  return status;
}

time_t time(time_t* now) noexcept {
  static auto* const real = next<time_t(time_t*)>("time");
  const time_t result = real(nullptr) + jump();
  if (now != nullptr) {
    *now = result;
  }
  return result;
}
}
