// SPDX-License-Identifier: Apache-2.0
#include "core/claims/lifetime.h"

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WallTime at(std::int64_t ms) { return WallTime(milliseconds(ms)); }

struct Case {
  std::string_view name;
  std::int64_t now_ms;
  std::optional<std::int64_t> exp_ms;
  std::optional<std::int64_t> nbf_ms;
  std::optional<std::int64_t> iat_ms;
  Reason want;
};

void expect(std::span<const Case> cases, const ClaimsPolicy& policy) {
  for (const Case& c : cases) {
    ClaimsRecord record;
    record.expires_at = at(c.exp_ms.value_or(1'000'000'000));
    if (c.nbf_ms) record.not_before = at(*c.nbf_ms);
    if (c.iat_ms) record.issued_at = at(*c.iat_ms);
    const auto result = check_lifetime(record, policy, at(c.now_ms));
    EXPECT_EQ(code(result ? Reason::allowed : result.error().reason), code(c.want)) << c.name;
  }
}

constexpr auto kNone = std::nullopt;

TEST(Lifetime, BoundsWithoutLeeway) {
  const Case cases[] = {
      {"valid one millisecond before exp", 99'999, 100'000, kNone, kNone, Reason::allowed},
      {"refused when exp equals now, RFC 7519 section 4.1.4", 100'000, 100'000, kNone, kNone,
       Reason::token_expired},
      {"refused one millisecond after exp", 100'001, 100'000, kNone, kNone, Reason::token_expired},
      {"refused one millisecond before nbf", 99'999, kNone, 100'000, kNone,
       Reason::token_not_yet_valid},
      {"valid when nbf equals now, RFC 7519 section 4.1.5", 100'000, kNone, 100'000, kNone,
       Reason::allowed},
      {"refused one millisecond before iat", 99'999, kNone, kNone, 100'000,
       Reason::token_not_yet_valid},
      {"valid when iat equals now", 100'000, kNone, kNone, 100'000, Reason::allowed},
      {"valid without nbf and iat", 0, kNone, kNone, kNone, Reason::allowed},
      {"refused when exp is zero", 1'000, 0, kNone, kNone, Reason::token_expired},
      {"expired wins over not yet valid", 200'000, 100'000, 300'000, kNone, Reason::token_expired},
  };
  expect(cases, ClaimsPolicy{.leeway = seconds(0)});
}

TEST(Lifetime, LeewayIsExact) {
  const Case cases[] = {
      {"valid 59.999 s after exp", 159'999, 100'000, kNone, kNone, Reason::allowed},
      {"refused 60 s after exp", 160'000, 100'000, kNone, kNone, Reason::token_expired},
      {"refused 61 s after exp", 161'000, 100'000, kNone, kNone, Reason::token_expired},
      {"valid 60 s before nbf", 40'000, kNone, 100'000, kNone, Reason::allowed},
      {"refused 60.001 s before nbf", 39'999, kNone, 100'000, kNone, Reason::token_not_yet_valid},
      {"valid 60 s before iat", 40'000, kNone, kNone, 100'000, Reason::allowed},
      {"refused 60.001 s before iat", 39'999, kNone, kNone, 100'000, Reason::token_not_yet_valid},
  };
  expect(cases, ClaimsPolicy{.leeway = seconds(60)});
}

TEST(Lifetime, AgeIsBoundedWhereItIsConfigured) {
  const Case cases[] = {
      {"refused without iat", 0, kNone, kNone, kNone, Reason::claim_missing},
      {"valid one millisecond before the age, leeway included", 3'659'999, 3'600'000, kNone, 0,
       Reason::allowed},
      {"valid when issued a minute later", 3'660'000, 3'660'001, kNone, 60'001, Reason::allowed},
      {"refused as too old though exp lies ahead", 3'660'000, 3'600'001, kNone, 0,
       Reason::token_too_old},
      {"valid when it lives exactly as long as allowed", 1'000, 3'600'000, kNone, 0,
       Reason::allowed},
      {"refused when it lives one millisecond longer", 1'000, 3'600'001, kNone, 0,
       Reason::token_too_old},
  };
  expect(cases, ClaimsPolicy{.leeway = seconds(60), .max_token_age = seconds(3'600)});
}

// Both are token_too_old; what an administrator changes is not the same.
TEST(Lifetime, TheDetailTellsAnOldTokenFromALongOne) {
  const ClaimsPolicy policy{.leeway = seconds(60), .max_token_age = seconds(3'600)};
  ClaimsRecord record;
  record.issued_at = at(0);
  record.expires_at = at(7'200'000);
  EXPECT_EQ(check_lifetime(record, policy, at(3'659'999)).error().detail, "it lives too long");
  EXPECT_EQ(check_lifetime(record, policy, at(3'660'000)).error().detail, "issued too long ago");
}

}  // namespace
}  // namespace latchkey::claims
