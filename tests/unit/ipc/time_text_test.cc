// SPDX-License-Identifier: Apache-2.0
#include "ipc/time_text.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::ipc {
namespace {

using std::chrono::milliseconds;

struct ParseCase {
  const char* name;
  const char* input;
  std::optional<std::int64_t> want_ms;
};

class ParseTime : public testing::TestWithParam<ParseCase> {};

TEST_P(ParseTime, gives_what_rfc_3339_says) {
  const auto time = parse_time(GetParam().input);
  ASSERT_EQ(time.has_value(), GetParam().want_ms.has_value()) << GetParam().name;
  if (time) {
    EXPECT_EQ(time->time_since_epoch().count(), *GetParam().want_ms) << GetParam().name;
  }
}

const ParseCase kParseCases[] = {
    {"the epoch", "1970-01-01T00:00:00Z", 0},
    {"milliseconds", "1970-01-01T00:00:01.250Z", 1'250},
    {"one digit of a fraction", "1970-01-01T00:00:00.5Z", 500},
    {"nanoseconds are cut", "1970-01-01T00:00:00.123999999Z", 123},
    {"an offset to the east is earlier in UTC", "1970-01-01T01:00:00+01:00", 0},
    {"an offset to the west is later in UTC", "1969-12-31T18:30:00-05:30", 0},
    {"a leap day", "2024-02-29T00:00:00Z", 1'709'164'800'000},
    {"before the epoch", "1969-12-31T23:59:59.999Z", -1},
    {"refused: empty", "", std::nullopt},
    {"refused: no leap day in 2023", "2023-02-29T00:00:00Z", std::nullopt},
    {"refused: month 13", "2023-13-01T00:00:00Z", std::nullopt},
    {"refused: day 0", "2023-01-00T00:00:00Z", std::nullopt},
    {"refused: hour 24", "2023-01-01T24:00:00Z", std::nullopt},
    {"refused: minute 60", "2023-01-01T00:60:00Z", std::nullopt},
    {"refused: a leap second", "2016-12-31T23:59:60Z", std::nullopt},
    {"refused: no zone", "2023-01-01T00:00:00", std::nullopt},
    {"refused: a blank for the T", "2023-01-01 00:00:00Z", std::nullopt},
    {"refused: something after the zone", "2023-01-01T00:00:00Zx", std::nullopt},
    {"refused: a fraction without digits", "2023-01-01T00:00:00.Z", std::nullopt},
    {"refused: ten digits of a fraction", "2023-01-01T00:00:00.1234567890Z", std::nullopt},
    {"refused: a sign in a number", "2023-01-+1T00:00:00Z", std::nullopt},
    {"refused: offset hour 24", "2023-01-01T00:00:00+24:00", std::nullopt},
    {"refused: offset without a colon", "2023-01-01T00:00:00+0100", std::nullopt},
    {"refused: a date alone", "2023-01-01", std::nullopt},
};
INSTANTIATE_TEST_SUITE_P(Rfc3339, ParseTime, testing::ValuesIn(kParseCases));

TEST(FormatTime, writes_utc_with_milliseconds) {
  EXPECT_EQ(format_time(WallTime{milliseconds{1'709'164'800'007}}), "2024-02-29T00:00:00.007Z");
  EXPECT_EQ(format_time(WallTime{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(FormatTime, clamps_what_four_digits_of_a_year_cannot_say) {
  EXPECT_EQ(format_time(WallTime::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time(WallTime::min()), "0001-01-01T00:00:00.000Z");
}

TEST(FormatTime, is_read_back_to_the_millisecond) {
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 1'700'000'000'123LL, -62'135'596'800'000LL}) {
    const WallTime time{milliseconds{ms}};
    EXPECT_EQ(parse_time(format_time(time)), time) << ms;
  }
}

}  // namespace
}  // namespace latchkey::ipc
