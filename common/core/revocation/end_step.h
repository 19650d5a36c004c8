// SPDX-License-Identifier: Apache-2.0
//
// When an entry may be forgotten, as one byte of a table can hold it: in steps of four hours, at
// or after the end that was asked for and never before it. An end is leave to forget, not a
// promise to allow (docs/REVOCATION-LIST.md section 5).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/base/time.h"

namespace latchkey::revocation {

// Steps since 1970; kNoEnd is later than any.
using EndStep = std::uint32_t;

inline constexpr EndStep kNoEnd = std::numeric_limits<EndStep>::max();
inline constexpr std::chrono::hours kEndStep{4};

// The first step that does not begin before the end; none for one that lies too far ahead to count.
inline EndStep end_step(std::optional<WallTime> end) {
  if (!end) return kNoEnd;
  const auto steps = std::chrono::ceil<std::chrono::duration<std::int64_t, std::ratio<14'400>>>(
                         end->time_since_epoch())
                         .count();
  if (steps < 0) return 0;
  return steps < std::int64_t{kNoEnd} ? static_cast<EndStep>(steps) : kNoEnd;
}

// The step that `now` lies in: what ends with it or before may go.
inline EndStep step_of(WallTime now) {
  const auto steps = std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<14'400>>>(
                         now.time_since_epoch())
                         .count();
  return steps < 0 ? 0 : static_cast<EndStep>(std::min<std::int64_t>(steps, kNoEnd - 1));
}

static_assert(kEndStep == std::chrono::seconds(14'400));

}  // namespace latchkey::revocation
