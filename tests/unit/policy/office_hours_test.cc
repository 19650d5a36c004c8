// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/ACCESS.md, minute by minute.
#include <gtest/gtest.h>

#include "core/policy/time_span.h"

namespace latchkey::policy {
namespace {

TEST(OfficeHours, OfTheExampleAreFromSevenToSevenOnWorkingDays) {
  const auto nights = TimeSpan::parse("19:00-07:00").value();
  const auto weekend = TimeSpan::parse("sat+sun").value();
  for (unsigned weekday = 0; weekday < 7; ++weekday) {
    for (unsigned minute = 0; minute < 1'440; ++minute) {
      const LocalTime time{weekday, minute};
      const bool open = weekday < 5 && minute >= 7 * 60 && minute < 19 * 60;
      ASSERT_EQ(nights.contains(time) || weekend.contains(time), !open) << describe(time);
    }
  }
}

}  // namespace
}  // namespace latchkey::policy
