// SPDX-License-Identifier: Apache-2.0
//
// Access rules as a whole: what is refused, what is warned of, and what is derived from them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using testing::errors_of;
using testing::issuer;
using testing::parsed;

struct Case {
  std::string name;
  std::string text;
  std::vector<std::string> want;
};

std::string rules(const std::string& lines) { return issuer("access:\n" + lines); }

TEST(AccessRuleError, ARuleSaysWhomItAllowsOrWhomItDenies) {
  const std::vector<Case> cases = {
      {"both",
       rules("  - { services: [ a ], allow: { anyone: true }, deny: { users: [ b ] } }\n"),
       {"f:7:5: a rule has 'allow' or 'deny', this one has both"}},
      {"neither",
       rules("  - { services: [ a ] }\n"),
       {"f:7:5: a rule needs 'allow' or 'deny', to say whom"}},
      {"denies nobody",
       rules("  - { services: [ a ], deny: {} }\n"),
       {"f:7:24: 'deny' names nobody; to keep everybody out write { anyone: true }"}},
      {"denies everybody and somebody",
       rules("  - { services: [ a ], deny: { anyone: true, users: [ b ] } }\n"),
       {"f:7:24: 'anyone' stands alone: there are other conditions"}},
      {"denies and ends sessions",
       rules("  - { services: [ a ], end_session_at_expiry: true, deny: { users: [ b ] } }\n"),
       {"f:7:24: a rule that denies opens no session"}},
      {"denies by what needs a live login",
       rules("  - { services: [ a ], deny: { acr: [ b ] } }\n"),
       {"f:7:24: 'deny' names nobody; to keep everybody out write { anyone: true }",
        "f:7:32: unknown key \"acr\"; there is 'access[].allow.acr'"}},
      {"denies an issuer that is none",
       rules("  - { services: [ a ], deny: { issuers: [ b ] } }\n"),
       {"f:7:32: there is no issuer named \"b\""}},
      {"no claims",
       rules("  - { services: [ a ], allow: { claims: {} } }\n"),
       {"f:7:41: 'access[].allow.claims' must not be empty"}},
      {"a network with bits behind its prefix",
       rules("  - { services: [ a ], allow: { networks: [ 10.0.0.1/8 ] } }\n"),
       {"f:7:45: 'access[].allow.networks': expected a network such as 10.0.0.0/8 (it has bits "
        "behind its prefix), found \"10.0.0.1/8\""}},
      {"a time that is none",
       rules("  - { services: [ a ], deny: { times: [ 8-18 ] } }\n"),
       {"f:7:41: 'access[].deny.times': expected a time such as mon-fri 08:00-18:00 (its time of "
        "the day is not like 08:00-18:00), found \"8-18\""}},
      {"an e-mail address",
       rules("  - { services: [ a ], allow: { claims: { email: a@b.example } } }\n"),
       {"f:7:33: an e-mail address is asked for under 'require' of the issuer, not by a rule: "
        "\"email\""}},
      {"something that looks like one",
       rules("  - { services: [ a ], deny: { claims: { upn: a@b.example } } }\n"),
       {"f:7:32: an e-mail address is asked for under 'require' of the issuer, not by a rule: "
        "\"upn\""}},
      {"a label that is none",
       issuer("labels: [ Prod ]\n"),
       {"f:6:11: 'labels': expected a short name (only a-z, 0-9 and '-' are allowed, at most 32, "
        "'-' not first), found \"Prod\""}},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_of(c.text), c.want) << c.name;
}

TEST(AccessRuleError, NoMoreIsAskedOfClaimsThanATokenIsJudgedBy) {
  const auto asking = [](int count) {
    std::string text = "  - { services: [ a ], allow: { claims: { ";
    for (int i = 0; i < count; ++i) text += "c" + std::to_string(i) + ": 1, ";
    return rules(text + "} } }\n");
  };
  EXPECT_TRUE(errors_of(asking(64)).empty());
  EXPECT_EQ(errors_of(asking(65)),
            (std::vector<std::string>{
                "f:7:33: the rules ask more than 64 things of claims of issuer \"a\""}));
}

std::vector<std::string> warnings_of(const std::string& text) {
  const auto config = parsed(text);
  if (!config) return errors_of(text);
  std::vector<std::string> out;
  for (const auto& warning : config->warnings) out.push_back(describe(warning));
  return out;
}

TEST(AccessRuleWarning, OfOneThatCanNeverDecide) {
  const auto never = [](const std::string& name, const std::string& does, const std::string& other,
                        const std::string& how) {
    return std::vector<std::string>{"f:8:5: the rule \"" + name + "\" can never " + does +
                                    ": the rule \"" + other + "\" (f:7) " + how +
                                    " whom it is for before it"};
  };
  const std::vector<std::string> but_system_accounts = {
      "f:8:5: the rule \"two\" denies nobody but system accounts: the rule \"one\" (f:7) allows "
      "everybody else before it"};
  const std::string anyone = "  - { name: one, services: [ sshd ], allow: { anyone: true } }\n";
  const std::string nobody = "  - { name: one, services: [ \"*\" ], deny: { anyone: true } }\n";
  const std::vector<Case> cases = {
      {"behind one for everybody",
       anyone + "  - { name: two, services: [ sshd ], allow: { issuers: [ a ] } }\n",
       never("two", "allow", "one", "allows")},
      {"behind one against everybody",
       nobody + "  - { name: two, services: [ sshd ], allow: { users: [ root ] } }\n",
       never("two", "allow", "one", "denies")},
      {"a denial behind one for everybody",
       anyone + "  - { name: two, services: [ sshd ], deny: { networks: [ \"::1\" ] } }\n",
       but_system_accounts},
      {"the same conditions and more",
       "  - { name: one, services: [ a, b ], allow: { claims: { x: 1 }, times: [ mon, tue ] } }\n"
       "  - { name: two, services: [ b ], allow: { claims: { x: 1, y: 2 }, times: [ tue ], acr: [ "
       "m "
       "] } }\n",
       never("two", "allow", "one", "allows")},
      {"a shorter age",
       "  - { name: one, services: [ a ], allow: { max_auth_age: 1h } }\n"
       "  - { name: two, services: [ a ], allow: { max_auth_age: 1m } }\n",
       never("two", "allow", "one", "allows")},
      {"a network within",
       "  - { name: one, services: [ a ], allow: { networks: [ 10.0.0.0/8, 192.0.2.0/24 ] } }\n"
       "  - { name: two, services: [ a ], allow: { networks: [ 10.1.0.0/16, 192.0.2.7 ] } }\n",
       never("two", "allow", "one", "allows")},
      {"times within two",
       "  - { name: one, services: [ a ], deny: { times: [ \"08:00-12:00\", \"11:00-18:00\" ] } }\n"
       "  - { name: two, services: [ a ], allow: { times: [ mon 09:00-17:00 ] } }\n",
       never("two", "allow", "one", "denies")},
      {"a claim within",
       "  - { name: one, services: [ a ], allow: { claims: { l: { min: 2 }, x: { one_of: [ a, b ] "
       "}, y: "
       "{ present: true } } } }\n"
       "  - { name: two, services: [ a ], allow: { claims: { l: { min: 3, max: 4 }, x: a, y: 7 } } "
       "}\n",
       never("two", "allow", "one", "allows")},
      {"a denial of users behind one for everybody",
       anyone + "  - { name: two, services: [ sshd ], deny: { users: [ mallory ] } }\n",
       but_system_accounts},
      {"a denial behind one for named users",
       "  - { name: one, services: [ a ], allow: { users: [ u, v ] } }\n"
       "  - { name: two, services: [ a ], deny: { users: [ u ] } }\n",
       never("two", "deny", "one", "allows")},
      {"a denial by what may not be known",
       "  - { name: one, services: [ a ], allow: { claims: { x: 1 } } }\n"
       "  - { name: two, services: [ a ], deny: { claims: { x: 1 } } }\n"
       "  - { name: three, services: [ b ], allow: { networks: [ 10.0.0.0/8 ] } }\n"
       "  - { name: four, services: [ b ], deny: { networks: [ 10.0.0.0/8 ] } }\n",
       {}},
      {"a denial behind one by a claim that may be known where its own is not",
       "  - { name: one, services: [ a ], deny: { claims: { x: { present: true } } } }\n"
       "  - { name: two, services: [ a ], deny: { claims: { x: v } } }\n"
       "  - { name: three, services: [ b ], allow: { anyone: true } }\n",
       {}},
      {"a denial behind one by the same claim",
       "  - { name: one, services: [ a ], deny: { claims: { x: v } } }\n"
       "  - { name: two, services: [ a ], deny: { claims: { x: v, z: 1 } } }\n"
       "  - { name: three, services: [ b ], allow: { anyone: true } }\n",
       never("two", "deny", "one", "denies")},
      {"another service too",
       anyone + "  - { name: two, services: [ sshd, sudo ], allow: { issuers: [ a ] } }\n",
       {}},
      {"a user, who may be of the system",
       anyone + "  - { name: two, services: [ sshd ], allow: { users: [ root ] } }\n",
       {}},
      {"another claim",
       "  - { name: one, services: [ a ], allow: { claims: { x: 1 } } }\n"
       "  - { name: two, services: [ a ], allow: { claims: { x: 2 } } }\n",
       {}},
      {"a longer age",
       "  - { name: one, services: [ a ], allow: { max_auth_age: 1m } }\n"
       "  - { name: two, services: [ a ], allow: { max_auth_age: 1h } }\n",
       {}},
      {"no age",
       "  - { name: one, services: [ a ], allow: { acr: [ x ], max_auth_age: 1m } }\n"
       "  - { name: two, services: [ a ], allow: { acr: [ x ] } }\n",
       {}},
      {"more members",
       "  - { name: one, services: [ a ], deny: { times: [ mon ] } }\n"
       "  - { name: two, services: [ a ], allow: { times: [ mon, tue ] } }\n",
       {}},
      {"other hosts",
       "  - { name: one, services: [ a ], hosts: [ web ], allow: { anyone: true } }\n"
       "  - { name: two, services: [ a ], allow: { issuers: [ a ] } }\nlabels: [ web ]\n",
       {}},
      {"the same hosts",
       "  - { name: one, services: [ a ], hosts: [ web, db ], allow: { anyone: true } }\n"
       "  - { name: two, services: [ a ], hosts: [ db ], allow: { issuers: [ a ] } "
       "}\nlabels: [ web ]\n",
       never("two", "allow", "one", "allows")},
  };
  for (const auto& c : cases) EXPECT_EQ(warnings_of(rules(c.text)), c.want) << c.name;
}

TEST(AccessRuleWarning, OfAClaimThatEveryTokenMustHaveOtherwise) {
  const std::string required = "    require: { env: { one_of: [ prod, test ] } }\naccess:\n";
  const auto rule = [](const std::string& claims) {
    return "  - { services: [ a ], allow: { claims: { " + claims + " } } }\n";
  };
  EXPECT_EQ(warnings_of(issuer(required + rule("env: dev"))),
            (std::vector<std::string>{"f:8:33: it can never hold: \"env\" must be something else "
                                      "under 'require' of every issuer of the rule"}));
  EXPECT_TRUE(warnings_of(issuer(required + rule("env: prod"))).empty());
  EXPECT_TRUE(warnings_of(issuer(required + rule("env: { present: true }"))).empty());
  EXPECT_TRUE(warnings_of(issuer(required + rule("other: dev"))).empty());
}

TEST(AccessRuleWarning, OfWhatAHostOrAServiceNeverHas) {
  const std::string open = "  - { services: [ \"*\" ], allow: { anyone: true } }\n";
  const std::vector<Case> cases = {
      {"no labels",
       open + "  - { services: [ a ], hosts: [ prod ], deny: { users: [ u ] } }\n",
       {"f: rules are for hosts with labels, and this one has none ('labels')",
        "f:8:5: the rule \"access[2]\" denies nobody but system accounts: the rule \"access[1]\" "
        "(f:7) "
        "allows everybody else before it"}},
      {"a label that no rule names",
       "  - { services: [ a ], hosts: [ prod ], allow: { anyone: true } }\nlabels: [ prod, prdo "
       "]\n",
       {"f:8:1: no rule is for hosts with the label \"prdo\""}},
      {"nothing but denials",
       "  - { services: [ a ], deny: { users: [ u ] } }\n",
       {"f: no access rule of this host allows anybody, so nobody can sign in"}},
      {"a network of sudo",
       "  - { services: [ sudo, sudo-i ], allow: { networks: [ 10.0.0.0/8 ] } }\n",
       {"f:7:44: it never holds: a sudo comes from no network"}},
      {"a network of sudo and of more",
       "  - { services: [ sudo, sshd ], allow: { networks: [ 10.0.0.0/8 ] } }\n",
       {}},
  };
  for (const auto& c : cases) EXPECT_EQ(warnings_of(rules(c.text)), c.want) << c.name;
}

TEST(AccessRuleError, AnUnmanagedNameIsNoSharedAccount) {
  EXPECT_EQ(
      errors_of(rules("  - { services: [ a ], accounts: [ b, c ], allow: { anyone: true } }\n"
                      "unmanaged: [ c ]\n")),
      (std::vector<std::string>{"f:7:24: \"c\" is under 'unmanaged', so no rule can grant it"}));
  EXPECT_EQ(errors_of(rules("  - { services: [ a ], accounts: [], allow: { anyone: true } }\n")),
            (std::vector<std::string>{"f:7:34: 'access[].accounts' must not be an empty list"}));
}

TEST(AccessRuleWarning, OfAnUnmanagedNameThatOtherHostsShare) {
  EXPECT_EQ(warnings_of(rules("  - { services: [ a ], allow: { anyone: true } }\n"
                              "  - { services: [ a ], hosts: [ web ], accounts: [ c ], allow: { "
                              "anyone: true } }\nunmanaged: [ c ]\nlabels: [ db ]\n")),
            (std::vector<std::string>{"f:8:40: \"c\" is under 'unmanaged', so no rule can grant it",
                                      "f:10:1: no rule is for hosts with the label \"db\""}));
}

TEST(AccessRuleWarning, OfRulesAboutSharedAccounts) {
  const std::string own = "  - { name: own, services: [ a ], allow: { anyone: true } }\n";
  const std::string shared =
      "  - { name: shared, services: [ a ], accounts: [ b, c ], allow: { anyone: true } }\n";
  const std::string no_own = "  - { name: no, services: [ a ], deny: { issuers: [ a ] } }\n";
  const auto never = [](const std::string& name, const std::string& does, const std::string& other,
                        const std::string& how) {
    return std::vector<std::string>{"f:8:5: the rule \"" + name + "\" can never " + does +
                                    ": the rule \"" + other + "\" (f:7) " + how +
                                    " whom it is for before it"};
  };
  const std::vector<Case> cases = {
      {"one about own names leaves them alone", own + shared, {}},
      {"and they leave own names alone", shared + own, {}},
      {"one that denies is about them, too", own + no_own + shared, {}},
      {"it has them left to deny", own + shared + no_own, {}},
      {"all of them denied",
       "  - { name: all, services: [ a ], deny: { anyone: true } }\n" + shared + own,
       {"f:8:5: the rule \"shared\" can never allow: the rule \"all\" (f:7) denies whom it is for "
        "before it",
        "f:9:5: the rule \"own\" can never allow: the rule \"all\" (f:7) denies whom it is for "
        "before it"}},
      {"behind one for the same account and another",
       shared + "  - { name: b, services: [ a ], accounts: [ b ], deny: { users: [ x ] } }\n" + own,
       never("b", "deny", "shared", "allows")},
      {"what nobody knows passes the one that allows",
       "  - { services: [ a ], accounts: [ b ], allow: { users: [ x ] } }\n"
       "  - { services: [ a ], accounts: [ b ], deny: { users: [ x ] } }\n",
       {}},
      {"behind one for one of them",
       "  - { name: b, services: [ a ], accounts: [ b ], allow: { anyone: true } }\n" + shared,
       {}},
      {"a user who is none",
       "  - { services: [ a ], accounts: [ b ], allow: { users: [ b, d ] } }\n",
       {"f:7:50: \"b\" is a shared account and nobody's own name; a rule about it lists it under "
        "'accounts'"}},
  };
  for (const auto& c : cases) EXPECT_EQ(warnings_of(rules(c.text)), c.want) << c.name;
}

TEST(AccessRule, SharesItsAccountsOnHostsThatItIsNotForAsWell) {
  const auto config = parsed(
      rules("  - { services: [ a ], hosts: [ web ], accounts: [ z, b ], allow: { anyone: true } }\n"
            "  - { services: [ b ], accounts: [ b ], deny: { anyone: true } }\n"));
  EXPECT_EQ(config->shared_accounts, (std::vector<std::string>{"b", "z"}));
  EXPECT_TRUE(config->shares("b"));
  EXPECT_FALSE(config->shares("a"));
}

TEST(AccessRule, IsForTheHostsThatHaveOneOfItsLabels) {
  const std::string text = rules(
      "  - { services: [ a ], allow: { anyone: true } }\n"
      "  - { services: [ b ], hosts: [ web, db ], allow: { anyone: true } }\n"
      "  - { services: [ c ], hosts: [ web ], deny: { anyone: true } }\n");
  const auto here = [&](const std::string& labels) {
    std::string out;
    const auto config = parsed(text + labels);
    for (const auto& rule : config->access) out += rule.here ? 'y' : 'n';
    return out;
  };
  EXPECT_EQ(here(""), "ynn");
  EXPECT_EQ(here("labels: [ db ]\n"), "yyn");
  EXPECT_EQ(here("labels: [ prod, web ]\n"), "yyy");
}

// Validated claims are remembered with what rules ask of them, so a rule that asks for something
// else makes an issuer's tokens be validated anew, and a rule that does not leaves them alone.
TEST(AccessRule, WhatItAsksOfClaimsIsPartOfItsIssuersDigest) {
  const std::string other =
      "version: 1\nissuers:\n  - { name: a, issuer: \"https://a\", audiences: [ x ] }\n"
      "  - { name: b, issuer: \"https://b\", audiences: [ x ] }\n";
  const auto digests = [&](const std::string& access) {
    const auto config = parsed(other + "access:\n" + access);
    return std::pair(config->issuers[0].config.digest, config->issuers[1].config.digest);
  };
  const auto none = digests("  - { services: [ a ], allow: { anyone: true } }\n");
  EXPECT_EQ(digests("  - { services: [ a ], deny: { networks: [ \"::1\" ] } }\n"), none);
  const auto one =
      digests("  - { services: [ a ], allow: { issuers: [ b ], claims: { x: 1 } } }\n");
  EXPECT_EQ(one.first, none.first);
  EXPECT_NE(one.second, none.second);
  EXPECT_NE(digests("  - { services: [ a ], allow: { issuers: [ b ], claims: { x: \"1\" } } }\n"),
            one);
}

TEST(AccessRule, TwoThatAskTheSameShareAnId) {
  const auto config =
      parsed(rules("  - { services: [ a ], allow: { claims: { x: 1, y: { present: true } } } }\n"
                   "  - { services: [ b ], deny: { claims: { y: { present: true } } } }\n"));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->access[0].claim_ids.size(), 2U);
  EXPECT_EQ(config->access[0].claim_ids[1], config->access[1].claim_ids[0]);
  EXPECT_NE(config->access[0].claim_ids[0], config->access[0].claim_ids[1]);
  const auto& conditions = config->issuers[0].config.claims.conditions;
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0].holds, "+" + config->access[0].claim_ids[0]);
  EXPECT_EQ(conditions[1].fails, "-" + config->access[0].claim_ids[1]);
  EXPECT_EQ(config->access[0].claim_ids[0].size(), 16U);
}

}  // namespace
}  // namespace latchkey::config
