// SPDX-License-Identifier: Apache-2.0
//
// When a token is valid. The one place for it: a new token and a remembered one are judged by the
// same lines. All bounds are half open: with the leeway of the policy (0 to 300 s) on the side of
// the token,
//
//   expired        now >= exp + leeway          RFC 7519 section 4.1.4: "on or after"
//   not yet valid  now <  nbf - leeway          RFC 7519 section 4.1.5: "before"
//                  now <  iat - leeway          issued in the future: one of the two clocks is
//                  wrong
//   too old        now >= iat + max_token_age + leeway
//   too long       exp - iat > max_token_lifetime
#pragma once

#include <optional>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/claims/claims_policy.h"
#include "core/claims/validated_claims.h"

namespace latchkey::claims {

// What a token says of its own time.
struct Lifetime {
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires_at{};
};

// token_expired, token_not_yet_valid, token_too_old, token_lives_too_long; claim_missing where an
// age is asked for and there is no `iat`.
Expected<void> check_lifetime(const Lifetime& token, const ClaimsPolicy& policy, WallTime now);

// The same for claims, however they are held.
template <typename Text, typename Texts>
Expected<void> check_lifetime(const BasicClaims<Text, Texts>& claims, const ClaimsPolicy& policy,
                              WallTime now) {
  return check_lifetime(Lifetime{claims.issued_at, claims.not_before, claims.expires_at}, policy,
                        now);
}

}  // namespace latchkey::claims
