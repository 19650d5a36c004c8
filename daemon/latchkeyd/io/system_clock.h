// SPDX-License-Identifier: Apache-2.0
//
// The machine's own clocks. The steady one goes on while the machine is suspended (CLOCK_BOOTTIME):
// after a night's sleep a key refresh that fell due is due at once, and a rate limit is over
// (SECURITY section 4, F20 and F21).
#pragma once

#include "daemon/latchkeyd/io/clock.h"

namespace latchkey::latchkeyd {

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  SteadyTime steady() const override;
};

}  // namespace latchkey::latchkeyd
