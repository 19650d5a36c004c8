// SPDX-License-Identifier: Apache-2.0
//
// Claims that were validated and are not revoked (station 8). Made by `current()` only, which is
// the check.
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "core/claims/validated_claims.h"
#include "core/revocation/revocation_set.h"

namespace latchkey::revocation {

// Borrows the claims: valid as long as they are.
class CurrentClaims {
 public:
  const claims::Claims& operator*() const { return *record_; }
  const claims::Claims* operator->() const { return record_; }

 private:
  friend Expected<CurrentClaims> current(const claims::ValidatedClaims& claims,
                                         std::string_view user, const RevocationSet& revocations);
  explicit CurrentClaims(const claims::Claims& record) : record_(&record) {}

  const claims::Claims* record_;
};

// Neither the token nor its subject at this time is revoked, nor the local user that somebody wants
// to be with it. The user (any bytes) is looked up only where the claims name them: whoever else
// asks is refused by the mapping, and need not learn who is revoked. revoked_token,
// revoked_subject, revoked_user.
Expected<CurrentClaims> current(const claims::ValidatedClaims& claims, std::string_view user,
                                const RevocationSet& revocations);

}  // namespace latchkey::revocation
