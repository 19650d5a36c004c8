// SPDX-License-Identifier: Apache-2.0
#include "core/claims/user_name.h"

#include <algorithm>

#include "core/base/mutation.h"

namespace latchkey::claims {

std::optional<std::string_view> strip_suffix(std::string_view user, const ClaimsPolicy& policy) {
  if (policy.user_strip_suffix.empty()) return user;
  std::size_t longest = 0;
  for (const std::string& suffix : policy.user_strip_suffix) {
    if (user.ends_with(suffix)) longest = std::max(longest, suffix.size());
  }
  if (LATCHKEY_FAILS(user_suffix, longest == 0)) return std::nullopt;
  if (LATCHKEY_FAILS(user_suffix_alone, longest == user.size())) return std::nullopt;
  user.remove_suffix(longest);
  return user;
}

}  // namespace latchkey::claims
