// SPDX-License-Identifier: Apache-2.0
#include "core/config/dump.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/parse.h"

namespace latchkey::config {
namespace {

Config parsed(std::string text) {
  const std::vector<SourceText> sources = {{"f", std::move(text)}};
  auto config = parse(sources);
  if (!config) {
    for (const auto& error : config.error()) ADD_FAILURE() << describe(error);
    return {};
  }
  return *std::move(config);
}

constexpr const char* kSmall = R"(version: 1
issuers:
  - name: corp
    issuer: https://id.example.com
    audiences: [ "ssh://prod" ]
)";

constexpr const char* kLarge = R"(version: 1
issuers:
  - name: corp
    issuer: https://id.example.com/realms/corp
    origins: [ "https://keys.example.com:8443" ]
    audiences: [ "ssh://prod", "a b", "quote\"back\\slash", "null", "~", "1", "*", "# x", "é" ]
    algorithms: [ EdDSA, ES256 ]
    tokens: [ id, access ]
    clients: [ cli ]
    require: { email_verified: true, "a b": "true", level: 3, minus: -1, no: false, text: "x: y", some: { one_of: [ a ] } }
    require_header: { env: { present: true } }
    payload_typ: [ Bearer, ID ]
    max_token_lifetime: 0s
    ca_file: /etc/latchkey/corp ca.pem
    leeway: 90s
    user: { claim: email, strip_suffix: "@example.com" }
    groups: { claim: groups, map: { "0f3c…": [ developers ], "sre: x": [ sre, docker ] } }
  - name: file
    issuer: https://file.example.com/
    audiences: [ x ]
    jwks_file: /etc/latchkey/file.json
    user: { strip_suffix: [ "@a.example", "@b.example" ] }
  - name: shared
    issuer: https://shared.example.com/
    audiences: [ x ]
    symmetric_key_file: /etc/latchkey/shared.jwk
    symmetric_algorithm: HS512
access:
  - services: [ "*" ]
    allow: { anyone: true }
  - name: sre
    services: [ sudo ]
    hosts: [ prod, web-1 ]
    allow: { users: [ root ], groups: [ sre ], issuers: [ corp ], acr: [ mfa ], amr: [ hwk ], max_auth_age: 15m,
             claims: { department: platform, "a.b": { min: 2, max: 3 } }, networks: [ 10.0.0.0/8, "2001:db8::/32", "::1" ],
             times: [ mon-fri 08:00-18:00, sat+sun ] }
  - name: nobody from there
    services: [ "*" ]
    deny: { networks: [ 192.0.2.0/24 ], claims: { employment: { one_of: [ external ] } } }
labels: [ prod, db ]
managed: []
unmanaged: [ backup ]
log_level: debug
budgets: { verify_cpu_burst: 1s }
)";

TEST(Dump, ParsesToTheSame) {
  for (const auto* text : {kSmall, kLarge}) {
    const auto config = parsed(text);
    const auto dumped = dump(config);
    const auto again = parsed(dumped);
    EXPECT_EQ(dump(again), dumped);
    EXPECT_EQ(again.digest, config.digest);
    EXPECT_EQ(again.managed.regular_users, config.managed.regular_users);
    ASSERT_EQ(again.issuers.size(), config.issuers.size());
    for (std::size_t i = 0; i < config.issuers.size(); ++i) {
      EXPECT_EQ(again.issuers[i].config.claims.audiences,
                config.issuers[i].config.claims.audiences);
      EXPECT_EQ(again.issuers[i].config.digest, config.issuers[i].config.digest);
      EXPECT_EQ(again.issuers[i].groups.groups, config.issuers[i].groups.groups);
    }
  }
}

TEST(Dump, SaysEveryValueInForce) {
  EXPECT_EQ(dump(parsed(kSmall)), R"(version: 1
issuers:
  - name: corp
    issuer: https://id.example.com
    discovery_url: https://id.example.com/.well-known/openid-configuration
    audiences: [ssh://prod]
    algorithms: [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA]
    tokens: [access]
    typ: [at+jwt]
    token_id_claim: jti
    client_claims: [azp, client_id]
    leeway: 1m
    max_token_age: 1d
    refresh_interval: 5m
    min_fetch_interval: 1m
    max_stale: 1d
    fetch_timeout: 10s
    introspection: off
    token_status: heed
    user:
      claim: preferred_username
      email_verified_claim: email_verified
sudo_services: [sudo, sudo-i]
max_claims_age: 1d
remembered_tokens: 10000
remembered_decisions: 1000
log_level: info
sessions:
  grace: 10s
  terminate: session
accounts:
  ids: 1879048192-2147352575
  home: "/home/%u"
  shell: /bin/bash
budgets:
  verify_cpu_per_second: 50ms
  verify_cpu_burst: 500ms
  conversations: 1024
  conversations_per_source: 64
)");
}

TEST(Digest, IsThatOfTheMeaning) {
  const auto base = parsed(kSmall);
  const auto commented = parsed(std::string("# a comment\n") + kSmall + "log_level: 'info'\n");
  EXPECT_EQ(base.digest, commented.digest)
      << "comments, quotes and spelt-out defaults mean nothing";
  EXPECT_EQ(base.digest.size(), 64U);
  EXPECT_EQ(base.digest.find_first_not_of("0123456789abcdef"), std::string::npos);

  const auto louder = parsed(std::string(kSmall) + "log_level: debug\n");
  EXPECT_NE(louder.digest, base.digest);
  EXPECT_EQ(louder.issuers[0].config.digest, base.issuers[0].config.digest)
      << "an issuer's digest is that of its own section";
  const auto other = parsed(std::string(kSmall) + "    leeway: 59s\n");
  EXPECT_NE(other.issuers[0].config.digest, base.issuers[0].config.digest);
  EXPECT_NE(other.digest, base.digest);
}

}  // namespace
}  // namespace latchkey::config
