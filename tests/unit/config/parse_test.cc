// SPDX-License-Identifier: Apache-2.0
#include "core/config/parse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using namespace std::chrono_literals;
using testing::errors_of;
using testing::issuer;
using testing::parsed;

// The example of the design document, to the letter.
constexpr const char* kDesign = R"(version: 1
issuers:
  - name: corp
    issuer: https://id.example.com/realms/corp      # compared byte for byte
    origins: [ "https://keys.example.com" ]          # besides the issuer's own origin; redirects are refused
    audiences: [ "ssh://prod" ]                      # never empty
    algorithms: [ ES256, RS256, EdDSA ]              # of what the key types allow
    tokens: [ access ]                               # access | id; presets for known providers set the next four
    typ: [ at+jwt, JWT, none ]
    token_id_claim: jti                              # Entra: uti
    client_claims: [ azp, client_id ]                # appid, cid
    require: { email_verified: true }
    ca_file: /etc/latchkey/corp-ca.pem               # default: the system's
    leeway: 60s
    max_token_age: 12h
    user: { claim: preferred_username, strip_suffix: "@example.com" }
    groups: { claim: groups, map: { "0f3c…": [ developers ], "sre": [ sre, docker ] } }
access:
  - services: [ sshd ]
    allow: { groups: [ developers, sre ] }
  - services: [ sudo, sudo-i ]
    allow: { groups: [ sre ], acr: [ mfa ], max_auth_age: 15m }
)";

TEST(Config, IsWhatTheDesignsExampleSays) {
  const auto config = parsed(kDesign);
  ASSERT_TRUE(config) << errors_of(kDesign).front();
  EXPECT_TRUE(config->warnings.empty());
  ASSERT_EQ(config->issuers.size(), 1U);
  const auto& corp = config->issuers[0].config;
  EXPECT_EQ(corp.name, "corp");
  EXPECT_EQ(corp.issuer, "https://id.example.com/realms/corp");
  EXPECT_EQ(corp.origins, std::vector<std::string>{"https://keys.example.com"});
  EXPECT_EQ(corp.discovery_url,
            "https://id.example.com/realms/corp/.well-known/openid-configuration");
  EXPECT_EQ(corp.ca_file, "/etc/latchkey/corp-ca.pem");
  EXPECT_EQ(corp.algorithms,
            (std::vector{jose::Algorithm::es256, jose::Algorithm::rs256, jose::Algorithm::eddsa}));
  EXPECT_EQ(corp.claims.audiences, std::vector<std::string>{"ssh://prod"});
  EXPECT_EQ(corp.claims.kinds, std::vector{claims::TokenKind::access});
  EXPECT_EQ(corp.claims.typ, (std::vector<std::string>{"at+jwt", "jwt", "none"}));
  EXPECT_EQ(corp.claims.client_claims, (std::vector<std::string>{"azp", "client_id"}));
  ASSERT_EQ(corp.claims.require.size(), 1U);
  EXPECT_EQ(corp.claims.require[0].name, "email_verified");
  EXPECT_TRUE(corp.claims.require[0].values.at(0).boolean);
  EXPECT_EQ(corp.claims.leeway, 60s);
  EXPECT_EQ(corp.claims.max_token_age, 12h);
  EXPECT_EQ(corp.claims.user_strip_suffix, std::vector<std::string>{"@example.com"});
  EXPECT_EQ(corp.claims.group_claim, "groups");
  EXPECT_EQ(config->issuers[0].groups.groups.at("sre"),
            (std::vector<std::string>{"sre", "docker"}));
  EXPECT_EQ(config->issuers[0].groups.groups.at("0f3c…"), std::vector<std::string>{"developers"});
  ASSERT_EQ(config->access.size(), 2U);
  EXPECT_EQ(config->access[1].services, (std::vector<std::string>{"sudo", "sudo-i"}));
  EXPECT_EQ(config->access[1].groups, std::vector<std::string>{"sre"});
  EXPECT_EQ(config->access[1].acr, std::vector<std::string>{"mfa"});
  EXPECT_EQ(config->access[1].max_auth_age, 15min);
  EXPECT_EQ(config->access[1].source, "f:21");
  EXPECT_TRUE(config->managed.regular_users);
}

TEST(Config, TakesASuffixAloneOrInAList) {
  const auto suffixes = [](std::string_view value) {
    const auto config = parsed(issuer("    user: { strip_suffix: " + std::string(value) + " }\n"));
    return config ? config->issuers[0].config.claims.user_strip_suffix : std::vector<std::string>{};
  };
  EXPECT_EQ(suffixes("\"@a.example\""), std::vector<std::string>{"@a.example"});
  EXPECT_EQ(suffixes("[ \"@a.example\" ]"), std::vector<std::string>{"@a.example"});
  EXPECT_EQ(suffixes("[ \"@a.example\", \"@b.example\", \"@a.example\" ]"),
            (std::vector<std::string>{"@a.example", "@b.example"}));
}

TEST(Config, WithoutAKeyHasItsDefault) {
  const auto config = parsed(
                          "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ], "
                          "tokens: [ id ] } ]\n")
                          .value();
  const auto& issuer = config.issuers[0].config;
  EXPECT_EQ(issuer.claims.typ, (std::vector<std::string>{"jwt", "none"}))
      << "the strict ones of the kind";
  EXPECT_EQ(issuer.claims.max_token_age, 24h) << "bounded unless the administrator says otherwise";
  EXPECT_EQ(issuer.claims.user_claims, std::vector<std::string>{"preferred_username"});
  EXPECT_TRUE(issuer.claims.group_claim.empty());
  EXPECT_EQ(issuer.algorithms.size(), jose::kAlgorithms);
  EXPECT_TRUE(config.access.empty()) << "nobody is let in by default";
  // What a test or a tool makes by hand has the same values.
  const Config by_hand;
  EXPECT_EQ(config.sudo_services, by_hand.sudo_services);
  EXPECT_EQ(config.max_claims_age, by_hand.max_claims_age);
  EXPECT_EQ(config.remembered_tokens, by_hand.remembered_tokens);
  EXPECT_EQ(config.remembered_decisions, by_hand.remembered_decisions);
  EXPECT_EQ(config.budgets.verify_cpu_per_second, by_hand.budgets.verify_cpu_per_second);
  EXPECT_EQ(config.budgets.verify_cpu_burst, by_hand.budgets.verify_cpu_burst);
  EXPECT_EQ(config.budgets.conversations, by_hand.budgets.conversations);
  EXPECT_EQ(config.budgets.conversations_per_source, by_hand.budgets.conversations_per_source);
  EXPECT_EQ(config.log_level, by_hand.log_level);
  const issuer::IssuerConfig issuer_by_hand;
  EXPECT_EQ(issuer.refresh_interval, issuer_by_hand.refresh_interval);
  EXPECT_EQ(issuer.min_fetch_interval, issuer_by_hand.min_fetch_interval);
  EXPECT_EQ(issuer.max_stale, issuer_by_hand.max_stale);
  EXPECT_EQ(issuer.fetch_timeout, issuer_by_hand.fetch_timeout);
  EXPECT_EQ(issuer.claims.leeway, issuer_by_hand.claims.leeway);
  EXPECT_EQ(issuer.claims.token_id_claim, issuer_by_hand.claims.token_id_claim);
}

TEST(Config, AListThatIsSetReplacesItsDefault) {
  const auto config = parsed(
                          "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ], "
                          "client_claims: [ cid ], "
                          "algorithms: [ EdDSA ] } ]\nsudo_services: [ doas ]\n")
                          .value();
  EXPECT_EQ(config.sudo_services, std::vector<std::string>{"doas"});
  EXPECT_EQ(config.issuers[0].config.claims.client_claims, std::vector<std::string>{"cid"});
  EXPECT_EQ(config.issuers[0].config.algorithms, std::vector{jose::Algorithm::eddsa});
}

TEST(Config, AnIssuerWithASymmetricKeyHasNothingElse) {
  const auto config =
      parsed(issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS384\n"));
  ASSERT_TRUE(config);
  const auto& section = config->issuers[0].config;
  EXPECT_TRUE(section.symmetric() && section.local_keys());
  EXPECT_EQ(section.symmetric_algorithm, jose::SymmetricAlgorithm::hs384);
  EXPECT_TRUE(section.algorithms.empty());
  EXPECT_TRUE(section.discovery_url.empty());
}

// A file cut anywhere, or with any byte changed, is read or refused; it is never a crash, and a
// refusal has a sentence.
TEST(Config, SurvivesEveryCutAndEveryFlippedByte) {
  const std::string whole = kDesign;
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    for (auto text : {whole.substr(0, i),
                      std::string(whole).replace(i, 1, 1, static_cast<char>(whole[i] ^ 0x15))}) {
      const auto config = parsed(std::move(text));
      if (!config) {
        ASSERT_FALSE(config.error().empty());
        for (const auto& error : config.error()) {
          EXPECT_FALSE(error.message.empty());
          EXPECT_EQ(error.message.find('\n'), std::string::npos);
        }
      }
    }
  }
}

}  // namespace
}  // namespace latchkey::config
