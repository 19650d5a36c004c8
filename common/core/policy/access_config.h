// SPDX-License-Identifier: Apache-2.0
//
// Access rules: who may use which service. The first rule of the file that is for the service and
// the host, and all of whose conditions hold, decides. What no rule allows is refused. Filled by
// config/ only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/claims/requirement.h"

namespace latchkey::policy {

// All conditions of a rule hold together; within a list one member is enough; an empty list is no
// condition. A rule without any condition allows nobody, unless it says `anyone`.
struct AccessRule {
  std::string name;                   // for explanations; default "access[N]"
  std::string source;                 // file:line of the rule
  std::vector<std::string> services;  // PAM services; "*" = any; never empty
  bool denies = false;                // else it allows
  std::vector<std::string> hosts;     // labels of which the host has one; empty: any host
  bool here = true;                   // by `hosts` and the labels of this host
  // Shared accounts that the rule is about, and no other; empty: it is about people's own names,
  // and where it denies about shared accounts as well.
  std::vector<std::string> accounts = {};
  bool anyone = false;  // said aloud that there is no condition; all lists are empty then
  // The people's own local names. An account with a uid below 1000 is opened by its name here, or
  // under `accounts`, and in no other way.
  std::vector<std::string> users;
  std::vector<std::string> groups;            // *local* groups that the map gave
  std::vector<std::string> issuers;           // issuer names
  std::vector<claims::RequiredClaim> claims;  // all of them
  std::vector<std::string> claim_ids;         // of `claims`, by which validated claims know them
  std::vector<std::string> networks;          // of PAM_RHOST, at least one of them; network.h
  std::vector<std::string> times;             // at least one of them; time_span.h
  // Never of a rule that denies.
  std::vector<std::string> acr;
  std::vector<std::string> amr;  // at least one of them
  std::optional<std::chrono::seconds> max_auth_age;
  bool end_session_at_expiry = false;  // of the token that opened it; no condition

  bool has_condition() const {
    return !users.empty() || !groups.empty() || !issuers.empty() || !claims.empty() ||
           !networks.empty() || !times.empty() || needs_live_login();
  }
  bool needs_live_login() const { return !acr.empty() || !amr.empty() || max_auth_age.has_value(); }
};

}  // namespace latchkey::policy
