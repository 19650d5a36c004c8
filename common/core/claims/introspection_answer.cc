// SPDX-License-Identifier: Apache-2.0
#include "core/claims/introspection_answer.h"

#include <utility>

#include "core/base/mutation.h"
#include "core/claims/claim_reader.h"
#include "core/claims/user_name.h"

namespace latchkey::claims {
namespace {

tl::unexpected<Error> invalid(std::string why) {
  return fail(Reason::introspection_answer_invalid, std::move(why));
}

// A member of another type makes the answer none: it is never taken for absent.
template <typename T>
Expected<T> of_answer(Expected<T> read) {
  if (read) return read;
  return invalid("the answer: " + read.error().detail);
}

}  // namespace

Expected<std::optional<ActiveAnswer>> read_answer(jose::JsonValue answer) {
  const auto member = answer.find("active");  // nothing where it is no object
  const auto active = member ? member->as_boolean() : std::nullopt;
  if (LATCHKEY_FAILS(answer_active_type, !active))
    return invalid("the answer is no object with a boolean 'active'");
  if (LATCHKEY_FAILS(answer_inactive, active == false)) return std::nullopt;
  return ActiveAnswer(answer);
}

Expected<AnsweredToken> read_answered_token(const ActiveAnswer& answer,
                                            const ClaimsPolicy& policy) {
  const jose::JsonValue& claims = answer.claims();
  AnsweredToken token;
  LATCHKEY_TRY(token.issuer, of_answer(read_string(claims, "iss")));
  LATCHKEY_TRY(token.subject, of_answer(read_string(claims, "sub")));
  LATCHKEY_TRY(token.token_id, of_answer(read_string(claims, "jti")));
  LATCHKEY_TRY(token.issued_at, of_answer(read_date(claims, "iat")));
  LATCHKEY_TRY(token.not_before, of_answer(read_date(claims, "nbf")));
  LATCHKEY_TRY(token.expires_at, of_answer(read_date(claims, "exp")));
  std::optional<std::string_view> user;
  LATCHKEY_TRY(user, of_answer(read_string(claims, policy.user_claim)));
  if (!user) return token;
  const auto name = strip_suffix(*user, policy);
  if (LATCHKEY_FAILS(answered_user_suffix, !name))
    return invalid("the answer's user claim has none of the suffixes");
  if (name) token.user = *name;
  return token;
}

}  // namespace latchkey::claims
