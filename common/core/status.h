// SPDX-License-Identifier: Apache-2.0
//
// What the status list says of a token that refers to one (draft-ietf-oauth-status-list section
// 8.3), beside the revocations of station 8: of the token that is shown, of a remembered one, and
// of the claims that a running login stands on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/claims/validated_claims.h"
#include "core/decision.h"
#include "core/snapshot.h"

namespace latchkey {

struct StatusAnswer {
  Expected<void> outcome;
  std::optional<StatusNeed> need;  // a list that could change the outcome, or the note
  std::string note;                // of a token that passes though its status is not known
};

// Of claims that were validated; those without a reference pass. `gate`: whether somebody wants to
// come in, so that it matters what is not known; a session that stands is not kept from closing.
// What a list at hand revokes is revoked in any case. status_list_unknown, status_unknown,
// status_revoked, status_suspended.
StatusAnswer check_status(const claims::Claims& claims, std::string_view service, bool gate,
                          const Snapshot& snapshot, WallTime now);

// Whether a list at hand revokes or suspends the token that these claims are of.
std::optional<Reason> status_revokes(const claims::Claims& claims, const Snapshot& snapshot);

}  // namespace latchkey
