// SPDX-License-Identifier: Apache-2.0
//
// Whose names count as a person's own when the person wants to be somebody else: a shared account
// that a rule grants. A token says what its provider says today; a name that was bound before stays
// the person's, so that nobody gets away from a revocation, or from a rule that denies, by being
// called otherwise.
#pragma once

#include <string>
#include <vector>

#include "core/claims/validated_claims.h"
#include "core/snapshot.h"

namespace latchkey {

struct OwnNames {
  // Those that the claims say, whatever bytes they are, and those that are bound to their subject;
  // no shared account's. Each once.
  std::vector<std::string> all;
  std::vector<std::string> bound;  // of them, those that are bound to the subject
  bool said = false;               // the claims say one of these
  // A usable one that the claims say and that is bound to another subject.
  std::string others;

  // The claims' subject has a name and is called otherwise now, or is called by another's name and
  // has none.
  bool conflict() const { return bound.empty() ? !others.empty() : !said; }
};

OwnNames own_names(const claims::Claims& claims, const Snapshot& snapshot);

}  // namespace latchkey
