// SPDX-License-Identifier: Apache-2.0
//
// What a section with a known provider may not be, and that the section's own keys win.
#include "core/config/preset_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "core/config/parse.h"
#include "core/config/presets.h"

namespace latchkey::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Outcome {
  std::optional<Config> config;
  std::vector<std::string> messages;  // errors, else warnings
};

Outcome parsed(const std::string& section) {
  const std::vector<SourceText> sources = {
      {"f",
       "version: 1\naccess: [ { services: [ sshd ], allow: { anyone: true } } ]\n"
       "issuers:\n  - name: x\n" +
           section}};
  auto config = parse(sources);
  Outcome outcome;
  const auto& said = config ? config->warnings : config.error();
  for (const auto& each : said) outcome.messages.push_back(each.message);
  if (config) outcome.config = *std::move(config);
  return outcome;
}

std::string lines(std::initializer_list<std::string> all) {
  std::string out;
  for (const std::string& line : all) out += "    " + line + "\n";
  return out;
}

constexpr const char* kTenant = "11111111-2222-4333-8444-555555555555";
const std::string kEntra = "issuer: https://login.microsoftonline.com/";

struct Case {
  std::string name;
  std::string section;
  std::string want;  // a part of the only error
};

TEST(PresetRules, RefuseWhatIsKnownToBeUnsafe) {
  const std::string aud = "audiences: [ a ]";
  const std::string entra = "provider: entra";
  const std::string github = "provider: github-actions";
  const std::string actions = "issuer: https://token.actions.githubusercontent.com";
  const std::string google = "user: { strip_suffix: \"@e.com\" }";
  const std::vector<Case> cases = {
      {"an unknown provider", lines({"provider: acme", "issuer: https://a", aud}),
       "it is none of keycloak entra okta google auth0 gitlab github-actions kubernetes"},
      {"a symmetric key",
       lines({"provider: keycloak", "issuer: https://a/realms/b", aud, "symmetric_key_file: /k",
              "symmetric_algorithm: HS256"}),
       "'provider' and 'symmetric_key_file' exclude each other"},

      {"keycloak without a realm", lines({"provider: keycloak", "issuer: https://a/auth", aud}),
       "'/realms/'"},
      {"keycloak with a slash", lines({"provider: keycloak", "issuer: https://a/realms/b/", aud}),
       "'/realms/'"},
      {"keycloak with an empty realm",
       lines({"provider: keycloak", "issuer: https://a/realms/", aud}), "'/realms/'"},

      {"entra's common", lines({entra, kEntra + "common/v2.0", aud}), "stand for no one tenant"},
      {"entra's organizations", lines({entra, kEntra + "organizations/v2.0", aud}),
       "stand for no one tenant"},
      {"a tenant's name", lines({entra, kEntra + "corp.onmicrosoft.com/v2.0", aud}),
       "stand for no one tenant"},
      {"a tenant in capitals",
       lines({entra, kEntra + "ABCDEF11-2222-4333-8444-555555555555/v2.0", aud}),
       "stand for no one tenant"},
      {"a tenant without its version", lines({entra, kEntra + kTenant, aud}),
       "stand for no one tenant"},
      {"a tenant with a slash more", lines({entra, kEntra + kTenant + "/v2.0/", aud}),
       "stand for no one tenant"},
      {"another host",
       lines({entra, std::string("issuer: https://evil.example/") + kTenant + "/v2.0", aud}),
       "stand for no one tenant"},
      {"personal accounts",
       lines({entra, kEntra + "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", aud}),
       "personal Microsoft account"},

      {"okta's org server", lines({"provider: okta", "issuer: https://c.okta.com", aud}),
       "org authorization server"},
      {"okta with both kinds and no claim",
       lines({"provider: okta", "issuer: https://c.okta.com/oauth2/d", aud,
              "tokens: [ access, id ]"}),
       "with both set 'user.claim'"},

      {"google without hd",
       lines({"provider: google", "issuer: https://accounts.google.com", aud, google}),
       "require: { hd: YOUR-DOMAIN }"},
      {"google with any hd",
       lines({"provider: google", "issuer: https://accounts.google.com", aud, google,
              "require: { hd: { present: true } }"}),
       "require: { hd: YOUR-DOMAIN }"},
      {"google elsewhere",
       lines({"provider: google", "issuer: https://accounts.google.com/", aud, google,
              "require: { hd: e.com }"}),
       "the issuer is https://accounts.google.com"},
      {"google's access tokens",
       lines({"provider: google", "issuer: https://accounts.google.com", aud, google,
              "require: { hd: e.com }", "tokens: [ access ]"}),
       "access tokens are opaque"},
      {"google without a domain",
       lines({"provider: google", "issuer: https://accounts.google.com", aud,
              "require: { hd: e.com }"}),
       "needs 'strip_suffix'"},

      {"auth0 without its slash",
       lines({"provider: auth0", "issuer: https://c.auth0.com", aud, "user: { claim: c }"}),
       "with a '/' at the end"},
      {"auth0 without a claim", lines({"provider: auth0", "issuer: https://c.auth0.com/", aud}),
       "name it in 'user.claim'"},
      {"auth0's own API",
       lines({"provider: auth0", "issuer: https://c.auth0.com/", "user: { claim: c }",
              "audiences: [ https://c.auth0.com/userinfo ]"}),
       "Auth0's own API"},

      {"gitlab's jobs of any project",
       lines(
           {"provider: gitlab", "issuer: https://gitlab.com", aud, "user: { claim: environment }"}),
       "project_id"},
      {"gitlab's jobs by who started them",
       lines({"provider: gitlab", "issuer: https://gitlab.com", aud, "user: { claim: user_id }"}),
       "project_id"},
      {"gitlab's jobs by the address of who started them",
       lines({"provider: gitlab", "issuer: https://gitlab.com", aud,
              "user: { claim: user_email, strip_suffix: \"@e\", email_verified_claim: none }"}),
       "project_id"},
      {"gitlab's jobs by their subject",
       lines({"provider: gitlab", "issuer: https://gitlab.com", aud, "user: { claim: sub }"}),
       "project_id"},
      {"gitlab's jobs by the branch's whole name",
       lines({"provider: gitlab", "issuer: https://gitlab.com", aud, "user: { claim: ref_path }"}),
       "project_id"},

      {"github's jobs of any repository", lines({github, actions, aud}), "every repository"},
      {"github elsewhere",
       lines({github, "issuer: https://github.example", aud, "require: { repository_id: \"1\" }"}),
       "/_services/token"},

      {"kubernetes' own audience",
       lines({"provider: kubernetes", "issuer: https://k.example",
              "audiences: [ https://k.example ]", "require: { sub: s }"}),
       "every pod has a token"},
      {"kubernetes' every namespace",
       lines({"provider: kubernetes", "issuer: https://k.example", aud}), "every namespace"},
  };
  for (const Case& c : cases)
    EXPECT_THAT(parsed(c.section).messages, ElementsAre(HasSubstr(c.want))) << c.name;
}

TEST(PresetRules, WarnOfWhatMayBeMeantAndIsWeak) {
  const auto warned = parsed(
      lines({"provider: github-actions", "issuer: https://token.actions.githubusercontent.com",
             "audiences: [ https://github.com/octo-org ]", "require: { repository: o/r }"}));
  ASSERT_TRUE(warned.config);
  EXPECT_THAT(warned.messages, ElementsAre(HasSubstr("what a job gets that asks for no audience"),
                                           HasSubstr("a repository's name can pass to others"),
                                           HasSubstr("any branch of the repository")));
  for (const std::string also : {"ref: refs/heads/main", "environment: deploy", "sub: s",
                                 "job_workflow_ref: w", "workflow_ref: w"}) {
    EXPECT_THAT(
        parsed(lines({"provider: github-actions",
                      "issuer: https://token.actions.githubusercontent.com", "audiences: [ a ]",
                      "require: { repository_id: \"1\", " + also + " }"}))
            .messages,
        IsEmpty())
        << also;
  }
  // GitLab's `environment` likewise, where neither it nor its protection is asked for.
  const auto job = [](const std::string& also) {
    return parsed(lines({"provider: gitlab", "issuer: https://gitlab.com", "audiences: [ a ]",
                         "user: { claim: environment }",
                         "require: { project_id: \"1\"" + also + " }"}))
        .messages;
  };
  EXPECT_THAT(job(""), ElementsAre(HasSubstr("any branch of the project")));
  for (const std::string also :
       {", ref: main", ", ref_path: refs/heads/main", ", ref_protected: \"true\"",
        ", environment_protected: \"true\"", ", environment: deploy", ", sub: s"})
    EXPECT_THAT(job(also), IsEmpty()) << also;
  const auto shown =
      parsed(lines({"provider: entra", kEntra + kTenant + "/v2.0", "audiences: [ a ]",
                    "user: { claim: preferred_username, strip_suffix: \"@e\" }"}));
  ASSERT_TRUE(shown.config);
  EXPECT_THAT(shown.messages, ElementsAre(HasSubstr("'upn' is the login name")));
  EXPECT_EQ(shown.config->issuers[0].config.claims.email_verified_claim, "xms_edov");
}

TEST(PresetRules, TakeEveryFormOfAnIssuerThatIsDocumented) {
  const std::string aud = "audiences: [ a ]";
  for (const std::string& section :
       {lines({"provider: keycloak", "issuer: https://a/auth/realms/b", aud}),
        lines({"provider: entra",
               "issuer: https://login.microsoftonline.us/" + std::string(kTenant) + "/v2.0", aud}),
        lines({"provider: okta", "issuer: https://c.okta.com", aud, "tokens: [ id ]"}),
        lines({"provider: github-actions",
               "issuer: https://token.actions.githubusercontent.com/acme", aud,
               "require: { repository_id: \"1\", ref: r }"}),
        lines({"provider: github-actions", "issuer: https://ghe.example/_services/token", aud,
               "require: { repository_id: \"1\", ref: r }"}),
        lines({"provider: kubernetes", "issuer: https://k.example", aud, "jwks_file: /k.json",
               "require: { sub: { one_of: [ a, b ] } }"})})
    EXPECT_THAT(parsed(section).messages, IsEmpty()) << section;
}

TEST(Presets, GiveWayToWhatTheSectionSays) {
  const auto outcome =
      parsed(lines({"tokens: [ id ]", "typ: [ x ]", "payload_typ: [ Y ]", "provider: keycloak",
                    "issuer: https://a/realms/b", "audiences: [ a ]", "user: { claim: z }",
                    "groups: { claim: w, map: { a: [ b ] } }"}));
  ASSERT_TRUE(outcome.config);
  const auto& claims = outcome.config->issuers[0].config.claims;
  EXPECT_THAT(claims.typ, ElementsAre("x"));
  EXPECT_THAT(claims.payload_typ, ElementsAre("Y"));
  EXPECT_EQ(claims.user_claims, std::vector<std::string>{"z"});
  EXPECT_EQ(claims.group_claim, "w");
  EXPECT_THAT(outcome.config->issuers[0].from_preset, IsEmpty());
  EXPECT_EQ(marked_dump(*outcome.config), dump(*outcome.config));
}

TEST(Presets, FollowTheKindsOfTokens) {
  const auto payload_typ = [](const std::string& tokens) {
    return parsed(lines({"provider: keycloak", "issuer: https://a/realms/b", "audiences: [ a ]",
                         "tokens: " + tokens}))
        .config->issuers[0]
        .config.claims.payload_typ;
  };
  EXPECT_THAT(payload_typ("[ access ]"), ElementsAre("Bearer"));
  EXPECT_THAT(payload_typ("[ id ]"), ElementsAre("ID"));
  EXPECT_THAT(payload_typ("[ id, access ]"), ElementsAre("Bearer", "ID"));
}

TEST(Presets, ReadNoGroupsWhereNoneAreMapped) {
  const auto outcome =
      parsed(lines({"provider: keycloak", "issuer: https://a/realms/b", "audiences: [ a ]"}));
  EXPECT_EQ(outcome.config->issuers[0].config.claims.group_claim, "");
}

// That login names need no mark says nothing of an address beside them.
TEST(Presets, DemandAVerifiedAddressWhereOneDecidesBesideTheLoginName) {
  const auto verified_claim = [](const std::string& more) {
    const auto outcome =
        parsed(lines({"provider: okta", "issuer: https://a.okta.com/oauth2/b", "audiences: [ a ]",
                      "user: { strip_suffix: \"@e.com\" }", more}));
    return outcome.config ? outcome.config->issuers[0].config.claims.email_verified_claim
                          : std::string("not read");
  };
  EXPECT_EQ(verified_claim("leeway: 60s"), "none");
  EXPECT_EQ(verified_claim("groups: { claim: email, map: { \"b@e.com\": [ sre ] } }"),
            "email_verified");
  EXPECT_EQ(verified_claim("groups: { claim: upn, map: { \"b@e.com\": [ sre ] } }"), "not read");
  EXPECT_EQ(verified_claim("groups: { claim: groups, map: { sre: [ sre ] } }"), "none");
  EXPECT_EQ(verified_claim("require: { email: b@e.com }"), "email_verified");
  EXPECT_EQ(verified_claim("require: { mail: b@e.com }"), "not read");
}

TEST(Presets, LookAtEachClaimThatNamesSomebody) {
  const auto entra = [](const std::string& user) {
    const auto outcome = parsed(lines(
        {"provider: entra", kEntra + kTenant + "/v2.0", "audiences: [ a ]", "user: " + user}));
    return outcome.config ? outcome.config->issuers[0].config.claims.email_verified_claim
                          : outcome.messages.front();
  };
  EXPECT_EQ(entra("{ strip_suffix: \"@e.com\" }"), "none");
  EXPECT_EQ(entra("{ claim: [ upn, email ], strip_suffix: \"@e.com\" }"), "xms_edov");
  EXPECT_EQ(entra("{ table: { \"a@e.com\": [ a ] }, table_claim: upn }"), "none");
  EXPECT_EQ(entra("{ table: { \"a@e.com\": [ a ] }, table_claim: email }"), "xms_edov");
  const auto gitlab = [](const std::string& user) {
    const auto outcome = parsed(lines({"provider: gitlab", "issuer: https://gitlab.example.com",
                                       "audiences: [ a ]", "user: " + user}));
    return outcome.messages.empty() ? "" : outcome.messages.front();
  };
  EXPECT_THAT(gitlab("{ template: \"ci-{ref}\" }"), HasSubstr("'require: { project_id"));
  EXPECT_THAT(gitlab("{ claim: [ preferred_username, user_login ] }"),
              HasSubstr("'require: { project_id"));
  EXPECT_THAT(gitlab("{ table: { a: [ b ] }, table_claim: sub }"),
              HasSubstr("'require: { project_id"));
}

TEST(Presets, WarnOfABindingThatIsManyPeoples) {
  const auto warnings = [](const std::string& provider, const std::string& issuer,
                           const std::string& more) {
    return parsed(lines({"provider: " + provider, issuer, "audiences: [ a ]", more})).messages;
  };
  const std::string tenant = kEntra + kTenant + "/v2.0";
  EXPECT_THAT(warnings("entra", tenant, "user: { strip_suffix: \"@e.com\", bind: tid }"),
              ElementsAre("entra: without 'oid' these claims are those of many"));
  EXPECT_THAT(warnings("entra", tenant, "user: { strip_suffix: \"@e.com\", bind: [ tid, oid ] }"),
              IsEmpty());
}

TEST(Presets, GiveNoOriginsToKeysThatAreNotFetched) {
  const auto outcome = parsed(lines({"provider: google", "issuer: https://accounts.google.com",
                                     "audiences: [ a ]", "require: { hd: e.com }",
                                     "user: { strip_suffix: \"@e.com\" }", "jwks_file: /k.json"}));
  ASSERT_TRUE(outcome.config);
  EXPECT_THAT(outcome.config->issuers[0].config.origins, IsEmpty());
}

TEST(Presets, EveryRowIsAValueOfItsKeyAndOfAKnownProvider) {
  for (const PresetRow& row : preset_rows()) {
    ASSERT_NE(find_provider(row.provider), nullptr) << row.provider;
    const Key* key = find_key(row.section, row.key);
    ASSERT_NE(key, nullptr) << row.provider << ' ' << row.key;
    Config config;
    config.issuers.emplace_back();
    Reader reader(config);
    const auto value = parse_yaml_value(row.value);
    ASSERT_TRUE(value) << row.value;
  }
}

}  // namespace
}  // namespace latchkey::config
