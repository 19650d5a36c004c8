// SPDX-License-Identifier: Apache-2.0
#include "core/claims/numeric_date.h"

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

struct Case {
  std::string_view name;
  std::string_view json;
  std::optional<std::int64_t> milliseconds;
};

// RFC 7519 section 2.
TEST(NumericDate, IsASecondsNumberWithinReason) {
  const Case cases[] = {
      {"integer", "1893456000", 1'893'456'000'000},
      {"zero", "0", 0},
      {"minus zero", "-0", 0},
      {"minus zero as a fraction", "-0.0", 0},
      {"fraction", "1893456600.5", 1'893'456'600'500},
      {"fraction, rounded down", "1.9999", 1'999},
      {"exponent in range", "1.893456e9", 1'893'456'000'000},
      {"last second of the year 9999", "253402300799", 253'402'300'799'000},
      {"refused: one second later", "253402300800", std::nullopt},
      {"refused: one second later as a fraction", "253402300800.0", std::nullopt},
      {"refused: negative", "-1", std::nullopt},
      {"refused: negative fraction", "-0.001", std::nullopt},
      {"refused: 2^63", "9223372036854775808", std::nullopt},
      {"refused: 2^64 - 1", "18446744073709551615", std::nullopt},
      {"refused: 1e300", "1e300", std::nullopt},
      {"refused: string", "\"1893456000\"", std::nullopt},
      {"refused: boolean", "true", std::nullopt},
      {"refused: null", "null", std::nullopt},
      {"refused: array", "[1893456000]", std::nullopt},
      {"refused: object", "{}", std::nullopt},
  };
  jose::JsonReader reader;
  for (const Case& c : cases) {
    const auto date = numeric_date(*reader.read(c.json));
    EXPECT_EQ(date.has_value(), c.milliseconds.has_value()) << c.name;
    if (date && c.milliseconds) {
      EXPECT_EQ(date->time_since_epoch().count(), *c.milliseconds) << c.name;
    }
  }
}

}  // namespace
}  // namespace latchkey::claims
