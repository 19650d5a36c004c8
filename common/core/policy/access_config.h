// SPDX-License-Identifier: Apache-2.0
//
// Access rules: who may use which service. What no rule allows is refused. Filled by config/ only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace latchkey::policy {

// All conditions of a rule hold together; within a list one member is enough; an empty list is no
// condition. A rule without any condition allows nobody, unless it says `anyone`.
struct AccessRule {
  std::string name;                   // for explanations; default "access[N]"
  std::string source;                 // file:line of the rule
  std::vector<std::string> services;  // PAM services; "*" = any; never empty
  bool anyone = false;  // said aloud that there is no condition; all lists are empty then
  std::vector<std::string> users;   // local names; the only way to an account with a uid below 1000
  std::vector<std::string> groups;  // *local* groups that the map gave
  std::vector<std::string> issuers;  // issuer names
  std::vector<std::string> acr;
  std::vector<std::string> amr;  // at least one of them
  std::optional<std::chrono::seconds> max_auth_age;
  bool end_session_at_expiry = false;  // of the token that opened it; no condition

  bool has_condition() const {
    return !users.empty() || !groups.empty() || !issuers.empty() || needs_live_login();
  }
  bool needs_live_login() const { return !acr.empty() || !amr.empty() || max_auth_age.has_value(); }
};

}  // namespace latchkey::policy
