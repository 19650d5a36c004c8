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

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/claims/claims_policy.h"
#include "core/claims/validated_claims.h"

namespace latchkey::claims {

// token_expired, token_not_yet_valid, token_too_old, token_lives_too_long; claim_missing where an
// age is asked for and there is no `iat`.
Expected<void> check_lifetime(const ClaimsRecord& record, const ClaimsPolicy& policy, WallTime now);

}  // namespace latchkey::claims
