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

}  // namespace latchkey::cli
