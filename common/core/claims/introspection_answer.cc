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
  // Of a name that is made of several claims an answer may have some: that says nothing. Nor does
  // it where one of several names somebody, and the token may have named him by another.
  const std::vector<std::string> naming = policy.naming_claims();
  const bool one_of = policy.user_table.empty() && policy.user_template.empty();
  if (one_of && naming.size() > 1) return token;
  for (const std::string& name : naming) {
    LATCHKEY_TRY(const auto value, of_answer(read_string(claims, name)));
    if (!value) return token;
  }
  const auto names = read_user_names(claims, policy);
  if (LATCHKEY_FAILS(answered_user_suffix, !names))
    return invalid("the answer's user claim makes no name");
  if (names) token.users = *names;
  return token;
}

}  // namespace latchkey::claims
