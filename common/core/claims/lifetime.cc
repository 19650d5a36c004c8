// SPDX-License-Identifier: Apache-2.0
#include "core/claims/lifetime.h"

namespace latchkey::claims {

Expected<void> check_lifetime(const ClaimsRecord& record, const ClaimsPolicy& policy,
                              WallTime now) {
  if (now >= record.expires_at + policy.leeway) return fail(Reason::token_expired);
  if (record.not_before && now < *record.not_before - policy.leeway) {
    return fail(Reason::token_not_yet_valid, "'nbf' lies in the future");
  }
  if (record.issued_at && now < *record.issued_at - policy.leeway) {
    return fail(Reason::token_not_yet_valid, "'iat' lies in the future");
  }
  const auto age = policy.max_token_age;
  const auto lifetime = policy.max_token_lifetime.value_or(age);
  if (age.count() == 0 && lifetime.count() == 0) return {};
  if (!record.issued_at) {
    return fail(Reason::claim_missing,
                "'iat', which 'max_token_age' and 'max_token_lifetime' need");
  }
  if (age.count() != 0 && now >= *record.issued_at + age + policy.leeway)
    return fail(Reason::token_too_old);
  if (lifetime.count() != 0 && record.expires_at - *record.issued_at > lifetime)
    return fail(Reason::token_lives_too_long);
  return {};
}

}  // namespace latchkey::claims
