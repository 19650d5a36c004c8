// SPDX-License-Identifier: Apache-2.0
//
// Written out by hand because the standard parsers obey the locale and accept more than RFC 3339.
#include "ipc/time_text.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace latchkey::ipc {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr WallTime kEarliest{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr WallTime kLatest{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + days{1} -
                           milliseconds{1}};

// Takes exactly `digits` digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char digit : text.substr(0, digits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// "YYYY-MM-DD"
std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

// ".1" to ".123456789", or nothing.
std::optional<milliseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return milliseconds{0};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 9) return std::nullopt;
  int thousandths = 0;
  for (std::size_t index = 0; index < 3; ++index) {
    thousandths = thousandths * 10 + (index < digits ? text[index] - '0' : 0);
  }
  text.remove_prefix(digits);
  return milliseconds{thousandths};
}

// "HH:MM"
std::optional<minutes> take_hour_and_minute(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return std::chrono::hours{*hour} + minutes{*minute};
}

// "HH:MM:SS[.fraction]"
std::optional<milliseconds> take_time(std::string_view& text) {
  const auto begin = take_hour_and_minute(text);
  if (!begin || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  return *begin + std::chrono::seconds{*second} + *fraction;
}

// "Z" or "+HH:MM" or "-HH:MM"
std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return minutes{0};
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return std::nullopt;
  const auto offset = take_hour_and_minute(text);
  if (!offset) return std::nullopt;
  return east ? *offset : -*offset;
}

}  // namespace

std::string format_time(WallTime time) {
  const WallTime clamped = std::clamp(time, kEarliest, kLatest);
  const auto day = std::chrono::floor<days>(clamped);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{clamped - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<WallTime> parse_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T')) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return WallTime{*date} + *time - *offset;
}

std::chrono::seconds utc_offset(WallTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const auto time = static_cast<std::time_t>(seconds);
  std::tm local{};
  ::tzset();  // the file may be another one than a moment ago
  if (::localtime_r(&time, &local) == nullptr) return {};
  return std::chrono::seconds(local.tm_gmtoff);
}

}  // namespace latchkey::ipc
