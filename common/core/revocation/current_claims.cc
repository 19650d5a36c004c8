// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/current_claims.h"

#include <algorithm>
#include <string>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::revocation {
namespace {

std::string by(const std::string& sources) {
  return sources.empty() ? sources : "; revoked by " + sources;
}

}  // namespace

// RFC 7662 section 2.2: a token is active only while it has not been revoked.
Expected<CurrentClaims> current(const claims::ValidatedClaims& claims, std::string_view user,
                                const RevocationSet& revocations) {
  if (const auto reason = revocations.find(*claims)) {
    return fail(*reason, "subject " + quoted(claims->subject) + " of " + quoted(claims->issuer) +
                             by(revocations.revoked_by(*claims)));
  }
  const auto& users = claims->users;
  if (LATCHKEY_FAILS(revoked_user, std::find(users.begin(), users.end(), user) != users.end() &&
                                       revocations.user_revoked(user))) {
    return fail(Reason::revoked_user, "user " + quoted(user) + by(revocations.revoked_by(user)));
  }
  return CurrentClaims(*claims);
}

}  // namespace latchkey::revocation
