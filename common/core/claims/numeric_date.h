// SPDX-License-Identifier: Apache-2.0
//
// NumericDate (RFC 7519 section 2): seconds since 1970, as an integer or with a fraction.
#pragma once

#include <optional>

#include "core/base/time.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// The moment, rounded down to milliseconds; nothing where the value is no JSON number, negative, or
// beyond the year 9999. A number in a string is no number.
std::optional<WallTime> numeric_date(const jose::JsonValue& value);

}  // namespace latchkey::claims
