// SPDX-License-Identifier: Apache-2.0
//
// A host for tests of decisions: its configuration as text, its accounts, what is bound and what is
// revoked, and a clock that stands. Everything else of a case is what differs from that.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/parse.h"
#include "core/decide.h"

namespace latchkey::test {

using namespace std::chrono_literals;

inline constexpr WallTime kNow{1'700'000'000s};
inline constexpr std::string_view kIssuer = "https://id.example.com";
inline constexpr std::string_view kLoginId = "0123456789abcdef0123456789abcdef";

inline constexpr std::string_view kIssuers = R"(
version: 1
issuers:
  - name: corp
    issuer: https://id.example.com
    audiences: [ "ssh://prod" ]
    groups: { claim: groups, map: { "dev": [ developers ], "sre": [ sre ], "gone": [ nogroup ] } }
  - name: other
    issuer: https://other.example.com
    audiences: [ "ssh://prod" ]
)";

inline constexpr std::string_view kAccess = R"(
access:
  - name: login
    services: [ sshd ]
    allow: { groups: [ developers, sre ] }
  - name: administration
    services: [ sudo, sudo-i ]
    allow: { groups: [ sre ] }
)";

inline constexpr std::string_view kPasswd =
    "root:x:0:0:::\ndaemon:x:1:1:::\nnobody:x:65534:65534:::\nsvc:x:999:999:::\n"
    "alice:x:1000:1000:::\nbob:x:1001:1001:::\ncarol:x:1002:1002:::\n";
inline constexpr std::string_view kGroup = "root:x:0:\ndevelopers:x:2000:\nsre:x:2001:\n";

inline std::shared_ptr<const config::Config> configured(std::string_view text) {
  const std::vector<config::SourceText> sources = {{"test.yaml", std::string(text)}};
  auto config = config::parse(sources);
  if (!config) {
    for (const auto& error : config.error()) ADD_FAILURE() << config::describe(error);
    return std::make_shared<config::Config>();
  }
  return std::make_shared<config::Config>(*std::move(config));
}

struct Host {
  std::string settings;  // YAML at the root besides kIssuers and the access rules
  std::string access{kAccess};
  std::vector<std::pair<std::string, accounts::Subject>> bindings;
  std::vector<revocation::Revocation> revocations;
  std::vector<revocation::Entry> listed;                        // by another source
  std::optional<revocation::Feed::Known> known = std::nullopt;  // of each list in `settings`
  std::optional<accounts::NamesContent> names = std::nullopt;   // nothing: not to be known

  Snapshot snapshot() const {
    constexpr std::array<std::uint8_t, 16> kKey{};
    Snapshot out;
    out.config = configured(std::string(kIssuers) + access + settings);
    out.keys.resize(out.config->issuers.size());
    auto local = accounts::LocalAccounts::parse(kPasswd, kGroup);
    if (names) {
      out.names = std::make_shared<const accounts::ServedNames>(
          std::make_shared<const accounts::Names>(accounts::Names::make(*names).value()),
          std::make_shared<const accounts::TakenNames>(
              accounts::TakenNames::parse(kPasswd, kGroup)));
      local = local.with(*out.names);
    }
    out.accounts = std::make_shared<accounts::LocalAccounts>(std::move(local));
    accounts::Bindings bound;
    for (const auto& [user, subject] : bindings) bound = bound.with(user, subject);
    out.bindings = std::make_shared<accounts::Bindings>(std::move(bound));
    out.revocations = std::make_shared<revocation::RevocationSet>(
        revocation::RevocationSet::build(revocations, kKey)
            .with(std::make_shared<const revocation::Source>(
                revocation::Source(kKey).with({}, listed))));
    for (const auto* policy : out.config->revocation.feeds()) out.feeds.push_back({*policy, known});
    return out;
  }
};

// What a good token of that user says: groups "dev", issued a minute ago, good for an hour.
inline claims::ClaimsRecord claims_of(std::string user) {
  claims::ClaimsRecord record;
  record.issuer = kIssuer;
  record.subject = "subject-of-" + user;
  record.token_id = "token-of-" + user;
  record.key_id = "thumbprint";
  record.users = {std::move(user)};
  record.groups = {"dev"};
  record.issued_at = kNow - 1min;
  record.expires_at = kNow + 1h;
  return record;
}

inline accounts::Subject subject_of(const std::string& user) {
  return {std::string(kIssuer), "subject-of-" + user};
}

inline LoginRequest request(Operation operation, std::string service, std::string user,
                            std::string ruser = {}, std::string login = {}) {
  LoginRequest out;
  out.operation = operation;
  out.service = std::move(service);
  out.user = std::move(user);
  out.ruser = std::move(ruser);
  out.login = std::move(login);
  return out;
}

inline Login login_of(const std::string& user, std::string service = "sshd") {
  return {std::string(kLoginId), std::move(service), user, claims_of(user), kNow};
}

}  // namespace latchkey::test
