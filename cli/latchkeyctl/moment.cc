// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/moment.h"

#include <charconv>
#include <chrono>
#include <cstdint>

#include "ipc/time_text.h"

namespace latchkey::cli {

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::optional<WallTime> parse_moment(const std::string& text) {
  if (text.empty()) return wall_now();
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc{} && rest == end) {
    if (seconds < 0 || WallTime{std::chrono::seconds(seconds)} > kLatestMoment) return std::nullopt;
    return WallTime{std::chrono::seconds(seconds)};
  }
  const auto moment = ipc::parse_time(text);
  return moment && *moment >= WallTime{} ? moment : std::nullopt;
}

}  // namespace latchkey::cli
