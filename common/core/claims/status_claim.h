// SPDX-License-Identifier: Apache-2.0
//
// `status` of a token (draft-ietf-oauth-status-list, text of version 16, sections 6.1 and 6.2):
// where its issuer says whether the token still counts. Only the reference is read here; the list
// that it leads to is core/revocation's, and whether its place is one that may be asked is the
// configuration's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// What an issuer's section says of `status` (docs/decisions/token-status.md).
enum class StatusRule : std::uint8_t {
  heed,        // a token without one is taken; one of mechanisms that we do not know is refused
  require,     // a token without a status list is refused
  heed_known,  // as `heed`, but mechanisms that we do not know are passed over
  ignore,      // it is not read: the issuer means something else by it
};

struct StatusReference {
  std::uint64_t index = 0;
  std::string_view uri;  // https, printable ASCII without a fragment. Borrows from the payload.
};

namespace status_limits {
inline constexpr std::uint64_t kIndex = (std::uint64_t{1} << 53) - 1;
}  // namespace status_limits

// Of a payload whose signature was verified. Nothing where nothing is to be looked up.
// status_invalid where it cannot be heeded, and so must be refused (section 8.3 step 1);
// status_unsupported where the rule is not met.
Expected<std::optional<StatusReference>> read_status(const jose::JsonValue& payload,
                                                     StatusRule rule);

}  // namespace latchkey::claims
