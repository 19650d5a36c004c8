// SPDX-License-Identifier: Apache-2.0
//
// The two clocks, injected: claims are judged by the wall clock, deadlines and rates by the steady
// one; and the time zone, for rules that name times of the day.
#pragma once

#include "core/base/time.h"

namespace latchkey::latchkeyd {

// From any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
  // What this host's time zone adds to UTC at that moment.
  virtual std::chrono::seconds utc_offset(WallTime at) const = 0;
};

}  // namespace latchkey::latchkeyd
