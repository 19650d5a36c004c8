// SPDX-License-Identifier: Apache-2.0
//
// A snapshot with issuers whose keys the test holds: configuration as values, tokens as text.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decide.h"
#include "core/jose/jwk_set.h"

namespace latchkey::testing {

inline constexpr WallTime kNow{std::chrono::seconds(1'900'000'000)};

inline std::vector<jose::Algorithm> all_algorithms() {
  std::vector<jose::Algorithm> all;
  for (std::size_t i = 0; i < jose::kAlgorithms; ++i)
    all.push_back(static_cast<jose::Algorithm>(i));
  return all;
}

inline config::Issuer make_issuer(std::string name, std::string iss) {
  config::Issuer issuer;
  issuer.config.name = std::move(name);
  issuer.config.issuer = std::move(iss);
  issuer.config.digest = "digest of " + issuer.config.name;
  issuer.config.algorithms = all_algorithms();
  issuer.config.claims = {.audiences = {"ssh-prod"},
                          .kinds = {claims::TokenKind::access},
                          .typ = {"at+jwt", "jwt", "none"},
                          .group_claim = "groups"};
  return issuer;
}

inline std::shared_ptr<const jose::JwkSet> make_keys(std::string_view json) {
  auto set = jose::JwkSet::parse(json);
  return set ? std::make_shared<const jose::JwkSet>(*std::move(set)) : nullptr;
}

// Users alice (1000), bob (1001) and the usual system accounts; anybody may use sshd.
inline Snapshot make_snapshot(std::vector<config::Issuer> issuers,
                              std::vector<std::shared_ptr<const jose::JwkSet>> keys, WallTime now) {
  auto config = std::make_shared<config::Config>();
  policy::AccessRule anybody{.name = "all", .services = {"sshd"}};
  for (const config::Issuer& issuer : issuers) anybody.issuers.push_back(issuer.config.name);
  config->issuers = std::move(issuers);
  config->access = {std::move(anybody)};
  Snapshot snapshot;
  snapshot.config = config;
  for (auto& set : keys)
    snapshot.keys.push_back({.keys = std::move(set), .fetched_at = now, .generation = 1});
  constexpr std::array<std::uint8_t, 16> kKey{};
  snapshot.revocations =
      std::make_shared<const revocation::RevocationSet>(revocation::RevocationSet::build({}, kKey));
  snapshot.accounts =
      std::make_shared<const accounts::LocalAccounts>(accounts::LocalAccounts::parse(
          "root:x:0:0:::\ndaemon:x:1:1:::\nalice:x:1000:1000:::\nbob:x:1001:1001:::\n",
          "root:x:0:\nsudo:x:27:\ndocker:x:998:\nalice:x:1000:\n"));
  snapshot.bindings = std::make_shared<const accounts::Bindings>();
  snapshot.number = 1;
  return snapshot;
}

inline LoginRequest login_as(std::string user) {
  LoginRequest request;
  request.operation = Operation::authenticate;
  request.service = "sshd";
  request.user = std::move(user);
  return request;
}

// The verdict of the whole straight way; a need that nobody satisfies is its `otherwise`.
inline Decision decide_at(std::string_view token, const std::string& user, const Snapshot& snapshot,
                          WallTime now) {
  static jose::Scratch scratch;
  auto result = decide(token, login_as(user), snapshot, now, scratch);
  if (auto* need = std::get_if<NeedKeys>(&result)) return std::move(need->otherwise);
  if (auto* need = std::get_if<NeedIntrospection>(&result)) return std::move(need->otherwise);
  return std::get<Decision>(std::move(result));
}

}  // namespace latchkey::testing
