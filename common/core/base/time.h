// SPDX-License-Identifier: Apache-2.0
//
// The two clocks of the project as two types that do not mix: wall time for what a token or a key
// says about itself, steady time for deadlines and rates. Neither is read here: whoever decides is
// handed `now`.
#pragma once

#include <chrono>

namespace latchkey {

// Wall clock in milliseconds since 1970-01-01 UTC; milliseconds because a NumericDate may carry a
// fraction (RFC 7519 section 2).
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Monotonic; for deadlines, rates and intervals. Never compared with anything that came from
// outside.
using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace latchkey
