// SPDX-License-Identifier: Apache-2.0
//
// When a rule holds: days of the week and a time of the day, by the clock on the host's wall.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/base/time.h"

namespace latchkey::policy {

struct LocalTime {
  unsigned weekday = 0;  // 0: Monday
  unsigned minute = 0;   // of the day
};

// `utc_offset`: what the host's zone adds to UTC at that moment.
LocalTime local_time(WallTime now, std::chrono::seconds utc_offset);

std::string describe(LocalTime time);  // "mon 07:05"

class TimeSpan {
 public:
  // "mon-fri 08:00-18:00", "sat+sun", "22:00-06:00": days, a time of the day from which and until
  // which (that minute not included, 24:00 at most), or both. A span over midnight belongs to the
  // day on which it begins; one of days may go over the end of the week ("fri-mon"). The error says
  // what is wrong with it.
  static tl::expected<TimeSpan, std::string> parse(std::string_view text);

  bool contains(LocalTime time) const;

 private:
  std::uint8_t days_ = 0x7f;  // bit 0: Monday
  unsigned from_ = 0;         // minutes of the day
  unsigned to_ = 1'440;
};

}  // namespace latchkey::policy
