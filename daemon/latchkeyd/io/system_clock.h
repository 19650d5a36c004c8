// SPDX-License-Identifier: Apache-2.0
//
// The machine's own clocks. The steady one goes on while the machine is suspended (CLOCK_BOOTTIME):
// after a night's sleep a key refresh that fell due is due at once, and a rate limit is over
// (SECURITY section 4, F20 and F21).
#pragma once

#include <string>
#include <string_view>

#include "daemon/latchkeyd/io/clock.h"

namespace latchkey::latchkeyd {

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  SteadyTime steady() const override;
  std::chrono::seconds utc_offset(WallTime at) const override;
};

// The kernel's id of this boot; empty where it cannot be read (a unit with ProcSubset=pid).
std::string boot_id();

// An id as the kernel or the service manager writes it, as both are kept: without dashes.
std::string plain_boot_id(std::string_view text);

}  // namespace latchkey::latchkeyd
