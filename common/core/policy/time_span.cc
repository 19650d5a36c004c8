// SPDX-License-Identifier: Apache-2.0
#include "core/policy/time_span.h"

#include <algorithm>
#include <array>
#include <optional>

namespace latchkey::policy {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr unsigned kDaysOfWeek = 7;
constexpr unsigned kMinutesOfDay = 1'440;

using Fault = tl::unexpected<std::string>;

std::optional<unsigned> day(std::string_view text) {
  const auto* const found = std::find(kDays.begin(), kDays.end(), text);
  return found == kDays.end() ? std::nullopt
                              : std::optional(static_cast<unsigned>(found - kDays.begin()));
}

// "mon", "mon-fri", "mon+wed-fri"
std::optional<std::uint8_t> days(std::string_view text) {
  std::uint8_t set = 0;
  while (true) {
    const std::size_t plus = text.find('+');
    const std::string_view part = text.substr(0, plus);
    const std::size_t dash = part.find('-');
    const auto first = day(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (unsigned each = *first;; each = (each + 1) % kDaysOfWeek) {
      set = static_cast<std::uint8_t>(set | 1U << each);
      if (each == *last) break;
    }
    if (plus == std::string_view::npos) return set;
    text.remove_prefix(plus + 1);
  }
}

// "08:00" to "24:00"
std::optional<unsigned> minute(std::string_view text) {
  const auto digit = [&](std::size_t at) { return static_cast<unsigned>(text[at] - '0'); };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0U, 1U, 3U, 4U})
    if (digit(at) > 9) return std::nullopt;
  const unsigned minutes = digit(3) * 10 + digit(4);
  const unsigned all = (digit(0) * 10 + digit(1)) * 60 + minutes;
  return minutes < 60 && all <= kMinutesOfDay ? std::optional(all) : std::nullopt;
}

}  // namespace

LocalTime local_time(WallTime now, std::chrono::seconds utc_offset) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::minutes;
  constexpr int kFirstDay = 3;  // 1970-01-01 was a Thursday
  const auto local = now + utc_offset;
  const auto today = floor<days>(local);
  const auto weekday = (today.time_since_epoch().count() % 7 + 7 + kFirstDay) % 7;
  return {static_cast<unsigned>(weekday),
          static_cast<unsigned>(floor<minutes>(local - today).count())};
}

std::string describe(LocalTime time) {
  const auto two = [](unsigned number) {
    return std::string(1, static_cast<char>('0' + number / 10 % 10)) +
           static_cast<char>('0' + number % 10);
  };
  return std::string(kDays[time.weekday % kDays.size()]) + ' ' + two(time.minute / 60) + ':' +
         two(time.minute % 60);
}

tl::expected<TimeSpan, std::string> TimeSpan::parse(std::string_view text) {
  TimeSpan span;
  const std::size_t blank = text.find(' ');
  const bool both = blank != std::string_view::npos;
  const bool begins_with_time = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const std::string_view on = begins_with_time ? std::string_view() : text.substr(0, blank);
  const std::string_view at = begins_with_time ? text
                              : both           ? text.substr(blank + 1)
                                               : std::string_view();
  if (!begins_with_time) {
    const auto set = days(on);
    if (!set) return Fault("its days are none of mon, tue, wed, thu, fri, sat, sun");
    span.days_ = *set;
    if (!both) return span;
  }
  const std::size_t dash = at.find('-');
  const auto from = minute(at.substr(0, dash));
  const auto to = dash == std::string_view::npos ? std::nullopt : minute(at.substr(dash + 1));
  if (!from || !to || *from == kMinutesOfDay)
    return Fault("its time of the day is not like 08:00-18:00");
  if (*from == *to) return Fault("it ends when it begins");
  span.from_ = *from;
  span.to_ = *to;
  return span;
}

bool TimeSpan::contains(LocalTime time) const {
  const auto on = [this](unsigned weekday) { return (days_ >> weekday % 7 & 1) != 0; };
  if (from_ < to_) return on(time.weekday) && time.minute >= from_ && time.minute < to_;
  return (time.minute >= from_ && on(time.weekday)) || (time.minute < to_ && on(time.weekday + 6));
}

}  // namespace latchkey::policy
