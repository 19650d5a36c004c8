// SPDX-License-Identifier: Apache-2.0
//
// What the service manager is told (sd_notify(3)), and when it wants a sign of life. All of it does
// nothing where there is no service manager.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::fetchd {

class ServiceManager {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Reads WATCHDOG_USEC.
  explicit ServiceManager(TimePoint now);

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping() const;

  // Sends a sign of life where one is due; gives the time of the next.
  TimePoint watchdog(TimePoint now);

 private:
  std::optional<std::chrono::microseconds> interval_;
  TimePoint next_;
};

}  // namespace latchkey::fetchd
