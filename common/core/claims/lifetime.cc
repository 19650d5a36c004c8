// SPDX-License-Identifier: Apache-2.0
#include "core/claims/lifetime.h"

#include "core/base/mutation.h"

namespace latchkey::claims {

Expected<void> check_lifetime(const Lifetime& token, const ClaimsPolicy& policy, WallTime now) {
  if (LATCHKEY_FAILS(exp_passed, now >= token.expires_at + policy.leeway))
    return fail(Reason::token_expired);
  if (LATCHKEY_FAILS(nbf_ahead, token.not_before && now < *token.not_before - policy.leeway)) {
    return fail(Reason::token_not_yet_valid, "'nbf' lies in the future");
  }
  if (LATCHKEY_FAILS(iat_ahead, token.issued_at && now < *token.issued_at - policy.leeway)) {
    return fail(Reason::token_not_yet_valid, "'iat' lies in the future");
  }
  const auto age = policy.max_token_age;
  const auto lifetime = policy.max_token_lifetime.value_or(age);
  if (age.count() == 0 && lifetime.count() == 0) return {};
  if (LATCHKEY_FAILS(iat_absent, !token.issued_at)) {
    return fail(Reason::claim_missing,
                "'iat', which 'max_token_age' and 'max_token_lifetime' need");
  }
  if (LATCHKEY_FAILS(iat_too_old,
                     age.count() != 0 && now >= *token.issued_at + age + policy.leeway))
    return fail(Reason::token_too_old);
  if (LATCHKEY_FAILS(lifetime_too_long,
                     lifetime.count() != 0 && token.expires_at - *token.issued_at > lifetime))
    return fail(Reason::token_lives_too_long);
  return {};
}

}  // namespace latchkey::claims
