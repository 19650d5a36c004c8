// SPDX-License-Identifier: Apache-2.0
//
// What tests of access rules share: a rule, and what rules answer to alice, who comes from corp to
// sshd with a token that is shown now.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/policy/access.h"

namespace latchkey::policy::testing {

constexpr WallTime kNow{std::chrono::seconds(1'700'000'000)};  // tue 22:13 UTC

inline AccessRule rule(AccessRule changes) {
  if (changes.name.empty()) changes.name = "only";
  changes.source = "test.yaml:7";
  if (changes.services.empty()) changes.services = {"sshd"};
  return changes;
}

// `change` is handed the question before it is asked. The answer points into `rules`.
template <typename Change>
AccessAnswer ask_as_alice(const std::vector<AccessRule>& rules, claims::ClaimsRecord record,
                          Change change) {
  static const auto accounts =
      accounts::LocalAccounts::parse("alice:x:1000:1000:::\n", "dev:x:2000:\nsre:x:2001:\n");
  static const accounts::GroupMap map{
      {{"dev", {"dev"}}, {"sre", {"sre"}}, {"ext", {"contractors"}}}};
  constexpr std::array<std::uint8_t, 16> kKey{};
  record.users = {"alice"};
  const auto claims = claims::ValidatedClaims::recall(record);
  const auto current =
      revocation::current(claims, "alice", revocation::RevocationSet::build({}, kKey)).value();
  const auto identity = accounts::identify(current, map, "alice", accounts).value();
  AccessQuestion question{.service = "sshd",
                          .identity = identity,
                          .claims = current,
                          .issuer_name = "corp",
                          .live = true,
                          .now = kNow,
                          .leeway = std::chrono::seconds(60)};
  change(question);
  return evaluate(rules, question);
}

}  // namespace latchkey::policy::testing
