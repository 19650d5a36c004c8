// SPDX-License-Identifier: Apache-2.0
#include "core/config/parse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace latchkey::config {
namespace {

using namespace std::chrono_literals;

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

tl::expected<Config, std::vector<ConfigError>> parsed(std::string text) {
  const std::vector<SourceText> sources = {{"f", std::move(text)}};
  return parse(sources);
}

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> out;
  const auto config = parsed(text);
  if (config) return out;
  for (const auto& error : config.error()) out.push_back(describe(error));
  return out;
}

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
  EXPECT_EQ(corp.claims.user_strip_suffix, "@example.com");
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

TEST(Config, WithoutAKeyHasItsDefault) {
  const auto config = parsed(
                          "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ], "
                          "tokens: [ id ] } ]\n")
                          .value();
  const auto& issuer = config.issuers[0].config;
  EXPECT_EQ(issuer.claims.typ, (std::vector<std::string>{"jwt", "none"}))
      << "the strict ones of the kind";
  EXPECT_EQ(issuer.claims.max_token_age, 24h) << "bounded unless the administrator says otherwise";
  EXPECT_EQ(issuer.claims.user_claim, "preferred_username");
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

// The issuer's lines are 2 to 5, `more` starts in line 6; so do the lines of the root in the second
// form.
std::string issuer(const std::string& more) {
  return "version: 1\nissuers:\n  - name: a\n    issuer: https://a\n    audiences: [ x ]\n" + more;
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

struct Case {
  std::string name;
  std::string text;
  std::vector<std::string> want;
};

TEST(ConfigError, NamesWhatIsWrongAndWhere) {
  const std::vector<Case> cases = {
      {"an empty file", "", {"f:1:1: 'version: 1' is missing", "f:1:1: 'issuers' is missing"}},
      {"no version",
       "issuers: [ { name: a, issuer: https://a, audiences: [ x ] } ]\n",
       {"f:1:1: 'version: 1' is missing"}},
      {"no issuers", "version: 1\n", {"f:1:1: 'issuers' is missing"}},
      {"an empty list of issuers",
       "version: 1\nissuers: []\n",
       {"f:2:10: 'issuers' must not be an empty list"}},
      {"an issuer that is a text",
       "version: 1\nissuers: [ a ]\n",
       {"f:2:12: expected keys and values here"}},
      {"an issuer without anything",
       "version: 1\nissuers: [ {} ]\n",
       {"f:2:12: 'issuers[].name' is missing", "f:2:12: 'issuers[].issuer' is missing",
        "f:2:12: 'issuers[].audiences' is missing"}},
      {"an http issuer",
       "version: 1\nissuers: [ { name: a, issuer: http://a, audiences: [ x ] } ]\n",
       {"f:2:31: 'issuers[].issuer': expected an https URL without query (it does not start with "
        "https://), found \"http://a\""}},
      {"an empty list of audiences",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [] } ]\n",
       {"f:2:53: 'issuers[].audiences' must not be an empty list"}},
      {"an audience that is empty",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ '' ] } ]\n",
       {"f:2:55: 'issuers[].audiences': expected text (it is empty), found \"\""}},
      {"an audience that is no list",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: x } ]\n",
       {"f:2:53: 'issuers[].audiences': expected a list such as [ a, b ], found \"x\""}},
      {"a misspelt key",
       issuer("    leway: 60s\n"),
       {"f:6:5: unknown key \"leway\", did you mean 'leeway'?"}},
      {"a key of another section",
       issuer("    claim: sub\n"),
       {"f:6:5: unknown key \"claim\"; there is 'issuers[].user.claim'"}},
      {"a key of a later version",
       issuer("    wallpaper: blue\n"),
       {"f:6:5: unknown key \"wallpaper\""}},
      {"a foreign key with control characters",
       issuer("    \"a\\e[2J\": 1\n"),
       {"f:6:5: unknown key \"a\\x1b[2J\""}},
      {"a duplicate key",
       issuer("    leeway: 60s\n    leeway: 300s\n"),
       {"f:7:5: 'issuers[].leeway' is set twice, first at f:6"}},
      {"a duplicate key at the root",
       issuer("log_level: info\nlog_level: info\n"),
       {"f:7:1: 'log_level' is set twice, first at f:6"}},
      {"a duplicate required claim",
       issuer("    require: { a: 1, a: 2 }\n"),
       {"f:6:22: \"a\" is required twice, first in line 6"}},
      {"a duplicate group value",
       issuer("    groups: { claim: g, map: { a: [ b ], a: [ c ] } }\n"),
       {"f:6:42: the value \"a\" is mapped twice, first in line 6"}},
      {"a duration out of range",
       issuer("    leeway: 301s\n"),
       {"f:6:13: 'issuers[].leeway': expected 0s to 5m, found \"301s\""}},
      {"a duration without a unit",
       issuer("    leeway: 60\n"),
       {"f:6:13: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "\"60\""}},
      {"a duration of half a second",
       issuer("    leeway: 500ms\n"),
       {"f:6:13: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "\"500ms\""}},
      {"a key without a value",
       issuer("    leeway:\n"),
       {"f:6:5: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "nothing"}},
      {"a number out of range",
       issuer("remembered_tokens: 1000001\n"),
       {"f:6:20: 'remembered_tokens': expected a whole number, 0 to 1000000, found \"1000001\""}},
      {"a number that is none",
       issuer("remembered_tokens: many\n"),
       {"f:6:20: 'remembered_tokens': expected a whole number, 0 to 1000000, found \"many\""}},
      {"a symmetric algorithm",
       issuer("    algorithms: [ HS256 ]\n"),
       {"f:6:19: 'issuers[].algorithms': expected an algorithm (symmetric algorithms need "
        "'symmetric_key_file' and stand in 'symmetric_algorithm'), found \"HS256\""}},
      {"a symmetric algorithm that is none",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: RS256\n"),
       {"f:7:26: 'issuers[].symmetric_algorithm': expected HS256, HS384 or HS512 (it is none of "
        "HS256, HS384, HS512), found \"RS256\""}},
      {"a symmetric key without its algorithm",
       issuer("    symmetric_key_file: /k\n"),
       {"f:6:5: 'symmetric_key_file' and 'symmetric_algorithm' need one another"}},
      {"a symmetric algorithm without a key",
       issuer("    symmetric_algorithm: HS256\n"),
       {"f:6:5: 'symmetric_key_file' and 'symmetric_algorithm' need one another"}},
      {"a symmetric key besides everything that finds public ones",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n    jwks_file: /j\n"
              "    algorithms: [ RS256 ]\n    ca_file: /c\n"),
       {"f:6:5: 'jwks_file' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'ca_file' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'algorithms' and 'symmetric_key_file' exclude each other",
        "f:8:5: 'ca_file' and 'jwks_file' exclude each other"}},
      {"a symmetric key besides addresses",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n"
              "    origins: [ https://b ]\n    jwks_uri: https://a/k\n"),
       {"f:6:5: 'jwks_uri' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'origins' and 'symmetric_key_file' exclude each other"}},
      {"a symmetric key besides discovery",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n"
              "    discovery_url: https://a/d\n"),
       {"f:6:5: 'discovery_url' and 'symmetric_key_file' exclude each other"}},
      {"no algorithm at all",
       issuer("    algorithms: []\n"),
       {"f:6:17: 'issuers[].algorithms' must not be an empty list"}},
      {"two sources of keys",
       issuer("    jwks_uri: https://a/k\n    jwks_file: /k\n"),
       {"f:7:5: 'jwks_uri' and 'jwks_file' exclude each other"}},
      {"discovery besides keys",
       issuer("    discovery_url: https://a/d\n    jwks_uri: https://a/k\n"),
       {"f:7:5: 'discovery_url' and 'jwks_uri' exclude each other"}},
      {"a type that is never accepted",
       issuer("    typ: [ JWT, application/Logout+JWT ]\n"),
       {"f:6:17: 'issuers[].typ': expected a token type such as at+jwt, or none (tokens of that "
        "type are made for other receivers and never sign in), found "
        "\"application/Logout+JWT\""}},
      {"a payload type that is never accepted",
       issuer("    payload_typ: [ Refresh ]\n"),
       {"f:6:20: 'issuers[].payload_typ': expected a payload's type such as Bearer (tokens of that "
        "type are made for other receivers and never sign in), found \"Refresh\""}},
      {"an e-mail without its domain",
       issuer("    user: { claim: email }\n"),
       {"f:6:13: a name from an e-mail address needs 'strip_suffix' with its domain, such as "
        "\"@example.com\""}},
      {"an e-mail with half a domain",
       issuer("    user: { claim: x.email, strip_suffix: example.com }\n"),
       {"f:6:13: a name from an e-mail address needs 'strip_suffix' with its domain, such as "
        "\"@example.com\""}},
      {"a CA for a file",
       issuer("    ca_file: /c\n    jwks_file: /k\n"),
       {"f:7:5: 'ca_file' and 'jwks_file' exclude each other"}},
      {"a claim without a map",
       issuer("    groups: { claim: groups }\n"),
       {"f:6:5: 'groups' needs both 'claim' and 'map'"}},
      {"a map without a claim",
       issuer("    groups: { map: { a: [ b ] } }\n"),
       {"f:6:5: 'groups' needs both 'claim' and 'map'"}},
      {"a value mapped to no group",
       issuer("    groups: { claim: g, map: { a: [] } }\n"),
       {"f:6:35: 'issuers[].groups.map': expected a list of 1 to 4096 local groups, found a list"}},
      {"a local group that is no name",
       issuer("    groups: { claim: g, map: { a: [ 'b:c' ] } }\n"),
       {"f:6:37: 'issuers[].groups.map': expected a local name (only letters, digits and . _ - are "
        "allowed, at most 32, '-' and '.' not first, not digits alone), found \"b:c\""}},
      {"intervals in the wrong order",
       issuer("    refresh_interval: 30s\n"),
       {"f:6:5: 'min_fetch_interval' <= 'refresh_interval' <= 'max_stale' does not hold"}},
      {"an allow without conditions",
       issuer("access: [ { services: [ sshd ], allow: {} } ]\n"),
       {"f:6:33: 'allow' names nobody; to let in whoever has an accepted token write { anyone: "
        "true }"}},
      {"an allow without a value",
       issuer("access: [ { services: [ sshd ], allow: } ]\n"),
       {"f:6:33: expected keys and values here",
        "f:6:33: 'allow' names nobody; to let in whoever has an accepted token write { anyone: "
        "true }"}},
      {"a rule without allow",
       issuer("access: [ { services: [ sshd ] } ]\n"),
       {"f:6:11: 'access[].allow' is missing"}},
      {"a rule without services",
       issuer("access: [ { allow: { anyone: true } } ]\n"),
       {"f:6:11: 'access[].services' is missing"}},
      {"an empty condition",
       issuer("access: [ { services: [ sshd ], allow: { groups: [] } } ]\n"),
       {"f:6:50: 'access[].allow.groups' must not be an empty list"}},
      {"anyone besides a condition",
       issuer("access: [ { services: [ sshd ], allow: { anyone: true, users: [ u ] } } ]\n"),
       {"f:6:33: 'anyone' stands alone: there are other conditions"}},
      {"not anyone",
       issuer("access: [ { services: [ sshd ], allow: { anyone: false } } ]\n"),
       {"f:6:50: 'access[].allow.anyone': expected true, found \"false\""}},
      {"anyone as a text",
       issuer("access: [ { services: [ sshd ], allow: { anyone: \"true\" } } ]\n"),
       {"f:6:50: 'access[].allow.anyone': expected true, found \"true\""}},
      {"an issuer that is none",
       issuer("access: [ { services: [ sshd ], allow: { issuers: [ b ] } } ]\n"),
       {"f:6:42: there is no issuer named \"b\""}},
      {"a pattern of services",
       issuer("access: [ { services: [ su* ], allow: { anyone: true } } ]\n"),
       {"f:6:25: 'access[].services': expected a PAM service or \"*\" (only letters, digits and . "
        "_ - @ are allowed, at most 64), found \"su*\""}},
      {"a section that is a list",
       issuer("budgets: [ 1 ]\n"),
       {"f:6:10: expected keys and values here"}},
      {"more for one source than for all",
       issuer("budgets: { conversations: 8, conversations_per_source: 9 }\n"),
       {"f:6:1: 'budgets.conversations_per_source' is more than 'budgets.conversations'"}},
      {"several errors at once, in the order of the lines",
       "version: 2\nissuers:\n  - name: A\n    isuer: x\nlog_level: loud\n",
       {"f:1:10: 'version': expected 1, the only version of the format that this program reads, "
        "found \"2\"",
        "f:3:5: 'issuers[].issuer' is missing", "f:3:5: 'issuers[].audiences' is missing",
        "f:3:11: 'issuers[].name': expected a short name (only a-z, 0-9 and '-' are allowed, at "
        "most 32, '-' not first), found \"A\"",
        "f:4:5: unknown key \"isuer\", did you mean 'issuer'?",
        "f:5:12: 'log_level': expected a log level (it is none of error, warning, notice, info, "
        "debug), found \"loud\""}},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_of(c.text), c.want) << c.name;
}

TEST(ConfigWarning, NamesWhatIsMostLikelyNotMeant) {
  const std::string open = "access: [ { services: [ sshd ], allow: { anyone: true } } ]\n";
  const std::vector<Case> cases = {
      {"nothing", issuer(open), {}},
      {"no access rule", issuer(""), {"f: there is no access rule, so nobody can sign in"}},
      {"a group that no map gives",
       issuer("access: [ { services: [ sshd ], allow: { groups: [ sre ] } } ]\n"),
       {"f:6:42: no issuer's 'groups.map' gives the group \"sre\""}},
      {"a group that another issuer's map gives",
       issuer("    groups: { claim: g, map: { x: [ sre ] } }\n  - { name: b, issuer: https://b, "
              "audiences: [ x ] }\naccess: [ { services: [ sshd ], allow: { issuers: [ b ], "
              "groups: [ sre ] } } ]\n"),
       {"f:8:58: no issuer's 'groups.map' gives the group \"sre\""}},
      {"a group that a map gives",
       issuer("    groups: { claim: g, map: { x: [ sre ] } }\naccess: [ { services: [ sshd ], "
              "allow: { groups: [ sre ] } } ]\n"),
       {}},
      {"a name on both lists",
       issuer(open + "managed: [ a ]\nunmanaged: [ a ]\n"),
       {"f:7:1: \"a\" is under 'managed' and 'unmanaged': it is not managed"}},
      {"a managed root",
       issuer(open + "managed: [ root ]\n"),
       {"f:7:1: \"root\" is managed: keep another way in for the day when no token can be had"}},
  };
  for (const auto& c : cases) {
    const auto config = parsed(c.text);
    ASSERT_TRUE(config) << c.name << ": " << errors_of(c.text).front();
    std::vector<std::string> warnings;
    for (const auto& warning : config->warnings) warnings.push_back(describe(warning));
    EXPECT_EQ(warnings, c.want) << c.name;
  }
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
