// SPDX-License-Identifier: Apache-2.0
//
// Wall times as text in our messages and on the command line: RFC 3339, UTC, milliseconds; and what
// the host's own clock on the wall shows.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace latchkey::ipc {

// "2026-03-01T09:30:00.125Z". Years outside 0001 to 9999 are clamped.
std::string format_time(WallTime time);

// RFC 3339 section 5.6: date-time with "Z" or an offset, up to nine digits of a fraction (cut to milliseconds).
// No leap second, no lower-case "t" or "z", no blanks.
std::optional<WallTime> parse_time(std::string_view text);

// What this host's time zone adds to UTC at that moment, by /etc/localtime as it is now; nothing
// where that cannot be read, as everywhere else on the host.
std::chrono::seconds utc_offset(WallTime at);

}  // namespace latchkey::ipc
