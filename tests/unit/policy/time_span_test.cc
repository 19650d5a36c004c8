// SPDX-License-Identifier: Apache-2.0
#include "core/policy/time_span.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::policy {
namespace {

using namespace std::chrono_literals;

constexpr LocalTime at(unsigned weekday, unsigned hour, unsigned minute) {
  return {weekday, hour * 60 + minute};
}
enum Day : unsigned { mon, tue, wed, thu, fri, sat, sun };

struct Case {
  std::string span;
  LocalTime time;
  bool want;
};

TEST(TimeSpan, HoldsFromItsFirstMinuteToTheOneBeforeItsLast) {
  const std::vector<Case> cases = {
      {"mon-fri 08:00-18:00", at(mon, 8, 0), true},
      {"mon-fri 08:00-18:00", at(mon, 7, 59), false},
      {"mon-fri 08:00-18:00", at(fri, 17, 59), true},
      {"mon-fri 08:00-18:00", at(fri, 18, 0), false},
      {"mon-fri 08:00-18:00", at(sat, 12, 0), false},
      {"08:00-18:00", at(sun, 12, 0), true},
      {"sat+sun", at(sun, 23, 59), true},
      {"sat+sun", at(mon, 0, 0), false},
      {"wed", at(wed, 0, 0), true},
      {"wed", at(tue, 23, 59), false},
      {"fri-mon", at(sun, 0, 0), true},
      {"fri-mon", at(mon, 0, 0), true},
      {"fri-mon", at(tue, 0, 0), false},
      {"mon+wed-thu", at(wed, 1, 0), true},
      {"mon+wed-thu", at(tue, 1, 0), false},
      {"00:00-24:00", at(thu, 23, 59), true},
      {"12:00-24:00", at(thu, 23, 59), true},
      {"12:00-24:00", at(thu, 11, 59), false},
      // Over midnight it is still the day on which it began.
      {"fri 22:00-06:00", at(fri, 22, 0), true},
      {"fri 22:00-06:00", at(sat, 5, 59), true},
      {"fri 22:00-06:00", at(sat, 6, 0), false},
      {"fri 22:00-06:00", at(fri, 5, 59), false},
      {"fri 22:00-06:00", at(sat, 22, 0), false},
      {"sun 22:00-06:00", at(mon, 0, 0), true},
      {"22:00-00:00", at(mon, 23, 59), true},
      {"22:00-00:00", at(mon, 0, 0), false},
  };
  for (const auto& c : cases) {
    const auto span = TimeSpan::parse(c.span);
    ASSERT_TRUE(span) << c.span << ": " << span.error();
    EXPECT_EQ(span->contains(c.time), c.want) << c.span << " at " << describe(c.time);
  }
}

TEST(TimeSpan, AnythingElseIsNoneAndSaysWhy) {
  const std::string days = "its days are none of mon, tue, wed, thu, fri, sat, sun";
  const std::string time = "its time of the day is not like 08:00-18:00";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", days},
      {"monday", days},
      {"Mon", days},
      {"mon-", days},
      {"mon,,tue", days},
      {",mon", days},
      {" 08:00-18:00", days},
      {"mon ", time},
      {"mon 8:00-18:00", time},
      {"08:00", time},
      {"08:00-18:60", time},
      {"24:00-08:00", time},
      {"08:00-24:01", time},
      {"08:00 - 18:00", time},
      {"08:00-18:00-20:00", time},
      {"mon 08:00-18:00 tue", time},
      {"0::00-18:00", time},
      {"08:00-18:00", ""},
      {"08:00-08:00", "it ends when it begins"},
  };
  for (const auto& [text, why] : cases) {
    const auto span = TimeSpan::parse(text);
    EXPECT_EQ(span ? "" : span.error(), why) << text;
  }
}

TEST(LocalTime, IsTheHostsOwn) {
  struct {
    WallTime now;
    std::chrono::seconds offset;
    const char* want;
  } const cases[] = {
      {WallTime(0s), 0s, "thu 00:00"},
      {WallTime(0s), -1s, "wed 23:59"},
      {WallTime(-4 * 24h), 0s, "sun 00:00"},
      {WallTime(1'700'000'000s), 0s, "tue 22:13"},
      {WallTime(1'700'000'000s), 2h, "wed 00:13"},
      {WallTime(1'700'000'000s), -(12h), "tue 10:13"},
      {WallTime(1'700'000'000s), 5h + 45min, "wed 03:58"},
  };
  for (const auto& c : cases) EXPECT_EQ(describe(local_time(c.now, c.offset)), c.want);
}

}  // namespace
}  // namespace latchkey::policy
