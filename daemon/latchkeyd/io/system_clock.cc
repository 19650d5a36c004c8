// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/system_clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "ipc/fd.h"
#include "ipc/time_text.h"

namespace latchkey::latchkeyd {
namespace {

std::chrono::nanoseconds read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);  // cannot fail for these clocks
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

WallTime SystemClock::wall() const {
  return WallTime(std::chrono::floor<std::chrono::milliseconds>(read(CLOCK_REALTIME)));
}

SteadyTime SystemClock::steady() const {
  return SteadyTime(std::chrono::duration_cast<SteadyTime::duration>(read(CLOCK_BOOTTIME)));
}

std::chrono::seconds SystemClock::utc_offset(WallTime at) const { return ipc::utc_offset(at); }

std::string boot_id() {
  const ipc::Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text;
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return {};
  return plain_boot_id({text.data(), static_cast<std::size_t>(size)});
}

std::string plain_boot_id(std::string_view text) {
  std::string id(text);
  std::erase_if(id, [](char c) { return c == '-' || c == '\n'; });
  return id;
}

}  // namespace latchkey::latchkeyd
