// SPDX-License-Identifier: Apache-2.0
//
// From the value of a user claim to the name that the configuration makes of it.
#pragma once

#include <optional>
#include <string_view>

#include "core/claims/claims_policy.h"

namespace latchkey::claims {

// Without the longest of the configured suffixes that it ends with. Nothing where none is there:
// the name is another domain's; or where nothing would be left.
std::optional<std::string_view> strip_suffix(std::string_view user, const ClaimsPolicy& policy);

}  // namespace latchkey::claims
