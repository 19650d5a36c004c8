// SPDX-License-Identifier: Apache-2.0
//
// Signs of life are sent at half the time that the service manager waits, as sd_watchdog_enabled(3)
// advises.
#include "daemon/fetchd/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>

namespace latchkey::fetchd {

ServiceManager::ServiceManager(TimePoint now) : next_(TimePoint::max()) {
  std::uint64_t timeout_us = 0;
  if (::sd_watchdog_enabled(0, &timeout_us) <= 0) return;
  interval_ = std::chrono::microseconds(timeout_us / 2);
  next_ = now;
}

void ServiceManager::ready(std::string_view status) const {
  ::sd_notify(0, ("READY=1\nSTATUS=" + std::string(status)).c_str());
}

void ServiceManager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t now_us = now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000;
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us)).c_str());
}

void ServiceManager::stopping() const { ::sd_notify(0, "STOPPING=1"); }

ServiceManager::TimePoint ServiceManager::watchdog(TimePoint now) {
  if (interval_ && now >= next_) {
    ::sd_notify(0, "WATCHDOG=1");
    next_ = now + *interval_;
  }
  return next_;
}

}  // namespace latchkey::fetchd
