// SPDX-License-Identifier: Apache-2.0
//
// From the claims of a token to the local names that the configuration makes of them. Nothing here
// says that a name can be used.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/error.h"
#include "core/claims/claims_policy.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// Without the longest of the configured suffixes that it ends with. Nothing where none is there:
// the name is another domain's; or where nothing would be left.
std::optional<std::string_view> strip_suffix(std::string_view user, const ClaimsPolicy& policy);

// "ext-{department}-{preferred_username}": texts, and claims whose values stand in their places.
struct TemplatePart {
  std::string text;
  bool claim = false;  // `text` names one
};

// The error says what is wrong with it. One without a claim would name everybody alike.
tl::expected<std::vector<TemplatePart>, std::string> parse_template(std::string_view text);

// The names that the payload's claims give: claim_missing, claim_invalid, and name_unusable where
// the table does not know the value or none of the suffixes is there. Never none.
Expected<std::vector<std::string>> read_user_names(const jose::JsonValue& payload,
                                                   const ClaimsPolicy& policy);

}  // namespace latchkey::claims
