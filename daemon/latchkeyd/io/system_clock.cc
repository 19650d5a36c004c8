// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/system_clock.h"

#include <ctime>

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

}  // namespace latchkey::latchkeyd
