// SPDX-License-Identifier: Apache-2.0
#include "core/claims/numeric_date.h"

#include <cmath>

#include "core/base/mutation.h"

namespace latchkey::claims {

std::optional<WallTime> numeric_date(const jose::JsonValue& value) {
  constexpr std::int64_t kLatest = 253'402'300'799;  // 9999-12-31T23:59:59Z
  if (const auto seconds = value.as_integer()) {
    if (LATCHKEY_FAILS(date_range, *seconds < 0 || *seconds > kLatest)) return std::nullopt;
    return WallTime(std::chrono::seconds(*seconds));
  }
  const auto number = value.as_number();
  if (!number || LATCHKEY_FAILS(date_fraction_range,
                                !(*number >= 0 && *number <= static_cast<double>(kLatest))))
    return std::nullopt;
  return WallTime(
      std::chrono::milliseconds(static_cast<std::int64_t>(std::floor(*number * 1'000))));
}

}  // namespace latchkey::claims
