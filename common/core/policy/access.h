// SPDX-License-Identifier: Apache-2.0
//
// Who may use which service (station 10). A request is allowed or denied by the first rule all of
// whose conditions hold; where none does, the answer names the rule that came nearest to allowing
// it and the first of its conditions that does not hold, because that is what an administrator asks
// next. There is no way to be allowed without a rule. A condition of which nobody knows whether it
// holds (a claim that was not looked at when the person signed in, a peer whose address is not
// known) keeps a rule from allowing, and not from denying.
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
  std::string_view service;                 // PAM_SERVICE; any bytes
  const accounts::LocalIdentity& identity;  // the person, by its own name
  // The shared account that the person wants to be; empty: its own. Then each name that counts as
  // the person's, and of them those that are bound to the claims' subject.
  std::string_view account = {};
  std::span<const std::string> names = {};
  std::span<const std::string> bound = {};
  bool system_account = false;  // the person's own one is: only a rule that names the user counts
  revocation::CurrentClaims claims;
  std::string_view issuer_name;  // the short name of the claims' issuer
  // What the claims hold where its group claim was in the token; empty: it has none.
  std::string_view groups_known = {};
  bool live = false;            // the claims are those of a token shown now or of a live login
  std::string_view rhost = {};  // PAM_RHOST; any bytes
  WallTime now{};
  std::chrono::seconds utc_offset{};  // of this host's time zone, now
  std::chrono::seconds leeway{};      // how far `auth_time` may lie in the future
};

struct AccessAnswer {
  Reason reason = Reason::access_denied;  // allowed, or the reason of the refusal
  const AccessRule* rule =
      nullptr;         // that decided, or that came nearest to allowing; null where none could
  std::string detail;  // of a refusal: what would have to be different
};

// allowed, access_denied, system_account, live_login_required, acr_insufficient,
// authentication_too_old. Points into `rules`.
AccessAnswer evaluate(std::span<const AccessRule> rules, const AccessQuestion& question);

// A rule of this host that allows grants the shared account.
bool grants(std::span<const AccessRule> rules, std::string_view account);

// A rule of this host that allows, for this service, names the user: what opens an account that is
// not managed, or has a uid below 1000.
bool names_user(std::span<const AccessRule> rules, std::string_view service, std::string_view user);

}  // namespace latchkey::policy
