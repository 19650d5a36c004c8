// SPDX-License-Identifier: Apache-2.0
//
// Moments as they are typed.
#pragma once

#include <optional>
#include <string>

#include "core/base/time.h"

namespace latchkey::cli {

WallTime wall_now();

// RFC 3339, or seconds since 1970 as they stand in `exp`; empty is now.
std::optional<WallTime> parse_moment(const std::string& text);

// The end of the year 9999, behind which no host reads a time.
inline constexpr WallTime kLatestMoment{std::chrono::seconds{253'402'300'799}};

}  // namespace latchkey::cli
