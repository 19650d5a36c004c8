// SPDX-License-Identifier: Apache-2.0
//
// Who may use which service (station 10). A request is allowed by the first rule all of whose
// conditions hold; where none does, the answer names the rule that came nearest and the first of
// its conditions that does not hold, because that is what an administrator asks next. There is no
// way to be allowed without a rule.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "core/accounts/mapping.h"
#include "core/base/reason.h"
#include "core/base/time.h"
#include "core/policy/access_config.h"
#include "core/revocation/current_claims.h"

namespace latchkey::policy {

struct AccessQuestion {
  std::string_view service;  // PAM_SERVICE; any bytes
  const accounts::LocalIdentity& identity;
  bool system_account = false;  // only a rule that names the user counts
  revocation::CurrentClaims claims;
  std::string_view issuer_name;  // the short name of the claims' issuer
  bool live = false;             // the claims are those of a token shown now or of a live login
  WallTime now{};
  std::chrono::seconds leeway{};  // how far `auth_time` may lie in the future
};

struct AccessAnswer {
  Reason reason = Reason::access_denied;  // allowed, or the reason of the refusal
  const AccessRule* rule =
      nullptr;         // that allowed, or that came nearest; null where no rule is for the service
  std::string detail;  // of a refusal: what would have to be different
};

// allowed, access_denied, system_account, live_login_required, acr_insufficient,
// authentication_too_old. Points into `rules`.
AccessAnswer evaluate(std::span<const AccessRule> rules, const AccessQuestion& question);

// A rule for this service names the user: what opens an account that is not managed, or has a uid
// below 1000.
bool names_user(std::span<const AccessRule> rules, std::string_view service, std::string_view user);

}  // namespace latchkey::policy
