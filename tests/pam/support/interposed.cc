// SPDX-License-Identifier: Apache-2.0
//
// Stand-ins for functions of libc, found before libc's by the module and by libpam, since the test
// program exports them: syslog, so that log lines can be read and reach no machine's log,
// explicit_bzero, so that a test sees what was wiped, and recvmsg, which can tell an end too early.
#include <dlfcn.h>
#include <poll.h>
#include <sys/socket.h>
#include <syslog.h>

#include <atomic>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/pam/support/host.h"

namespace {

std::mutex& mutex() {
  static std::mutex one;
  return one;
}
std::vector<std::string>& lines() {
  static std::vector<std::string> all;
  return all;
}
std::vector<std::pair<const char*, std::size_t>>& wiped() {
  static std::vector<std::pair<const char*, std::size_t>> all;
  return all;
}

constexpr std::size_t kKept =
    1'000;  // of each: the long runs must not grow by what they are watched with

[[gnu::format(printf, 1, 0)]] void note_line(const char* format, va_list values) {
  char line[2'048];
  vsnprintf(line, sizeof line, format, values);
  const std::lock_guard lock(mutex());
  if (lines().size() < kKept) lines().emplace_back(line);
  errno = EIO;  // as the real one may leave it
}

std::atomic<int>& early_ends() {
  static std::atomic<int> left = 0;
  return left;
}
std::atomic<int>& early_resets() {
  static std::atomic<int> left = 0;
  return left;
}

void overwrite(void* start, std::size_t size) {
  // A volatile store: the compiler may not leave it out, as it may not with the real one.
  auto* byte = static_cast<volatile char*>(start);
  for (std::size_t i = 0; i < size; ++i) byte[i] = 0;
  const std::lock_guard lock(mutex());
  if (wiped().size() < kKept) wiped().emplace_back(static_cast<const char*>(start), size);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): libc's own names.
extern "C" {

[[gnu::format(printf, 3, 4)]] void __syslog_chk(int, int, const char* format, ...);

void syslog(int, const char* format, ...) {
  va_list values;
  va_start(values, format);
  note_line(format, values);
  va_end(values);
}

void __syslog_chk(int, int, const char* format, ...) {
  va_list values;
  va_start(values, format);
  note_line(format, values);
  va_end(values);
}

void explicit_bzero(void* start, std::size_t size) noexcept { overwrite(start, size); }
void __explicit_bzero_chk(void* start, std::size_t size, std::size_t) noexcept {
  overwrite(start, size);
}

// The end that the kernel tells where the last message came between its two looks.
ssize_t recvmsg(int socket, msghdr* message, int flags) {
  static const auto real =
      reinterpret_cast<ssize_t (*)(int, msghdr*, int)>(dlsym(RTLD_NEXT, "recvmsg"));
  if (early_ends() <= 0 && early_resets() <= 0) return real(socket, message, flags);
  pollfd waits{.fd = socket, .events = POLLIN, .revents = 0};
  poll(&waits, 1, -1);
  message->msg_namelen = 0;
  if (early_ends() > 0) {
    --early_ends();
    return 0;
  }
  --early_resets();
  errno = ECONNRESET;
  return -1;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace latchkey::tests {

std::vector<std::string> take_log() {
  const std::lock_guard lock(mutex());
  return std::exchange(lines(), {});
}

void tell_an_early_end(int times, int resets) {
  early_ends() = times;
  early_resets() = resets;
}
int early_ends_untold() { return early_ends() + early_resets(); }

bool was_wiped(const void* start, std::size_t size) {
  const auto* from = static_cast<const char*>(start);
  const std::lock_guard lock(mutex());
  for (const auto& [address, length] : wiped()) {
    if (address <= from && from + size <= address + length) return true;
  }
  return false;
}

void forget_wiped() {
  const std::lock_guard lock(mutex());
  wiped().clear();
}

}  // namespace latchkey::tests
