// SPDX-License-Identifier: Apache-2.0
//
// What an introspection endpoint says of a token (RFC 7662 section 2.2), as a type that exists for
// active tokens only. Where the answer came from, and that it is about the token at hand, is for
// whoever reads it (core/introspection.h).
#pragma once

#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/claims/claims_policy.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// The claims of a token that the issuer calls active. Borrows from the reader of the JSON.
class ActiveAnswer {
 public:
  const jose::JsonValue& claims() const { return claims_; }

 private:
  friend Expected<std::optional<ActiveAnswer>> read_answer(jose::JsonValue answer);
  explicit ActiveAnswer(jose::JsonValue claims) : claims_(claims) {}

  jose::JsonValue claims_;  // an object
};

// Nothing where the token is not active; nothing else of such an answer is looked at.
// introspection_answer_invalid where the value is no object with a boolean `active`.
Expected<std::optional<ActiveAnswer>> read_answer(jose::JsonValue answer);

// What an answer about a signed token says besides, to be held against the token itself. What it
// does not say is not there.
struct AnsweredToken {
  std::optional<std::string> issuer;
  std::optional<std::string> subject;
  std::optional<std::string> token_id;
  std::vector<std::string> users;  // the names that its user claim gives; none where it has none
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  std::optional<WallTime> expires_at;
};

// introspection_answer_invalid where one of them is of another type, or the user's name has none of
// the suffixes.
Expected<AnsweredToken> read_answered_token(const ActiveAnswer& answer, const ClaimsPolicy& policy);

}  // namespace latchkey::claims
