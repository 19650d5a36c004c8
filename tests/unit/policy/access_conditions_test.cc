// SPDX-License-Identifier: Apache-2.0
//
// Conditions beside who somebody is: claims, networks, times, hosts; and rules that deny.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/policy/asked.h"

namespace latchkey::policy {
namespace {

using namespace std::chrono_literals;
using testing::ask_as_alice;
using testing::rule;

struct Peer {
  std::string rhost = "192.0.2.7";
  std::vector<std::string> conditions;
  std::vector<std::string> groups = {"dev"};
  std::chrono::seconds utc_offset{};
  bool system_account = false;
  std::string service = "sshd";
  std::string groups_known = {};
};

AccessAnswer ask(const std::vector<AccessRule>& rules, const Peer& peer) {
  claims::ClaimsRecord record;
  record.groups = peer.groups;
  record.conditions = peer.conditions;
  return ask_as_alice(rules, record, [&](AccessQuestion& question) {
    question.service = peer.service;
    question.system_account = peer.system_account;
    question.groups_known = peer.groups_known;
    question.rhost = peer.rhost;
    question.utc_offset = peer.utc_offset;
  });
}

AccessRule asking(std::vector<std::string> ids, AccessRule changes = {}) {
  for (const auto& id : ids) changes.claims.push_back({.name = "claim-" + id});
  changes.claim_ids = std::move(ids);
  return rule(std::move(changes));
}

// Allows, and denies: what holds, what does not, and what nobody knows.
struct Case {
  std::string name;
  AccessRule rule;
  Peer peer;
  bool allows;
  bool denies;
};

TEST(AccessConditions, WhatNobodyKnowsAllowsNothingAndDenies) {
  const std::vector<Case> cases = {
      {"a claim that held", asking({"1"}), {.conditions = {"+1"}}, true, true},
      {"a claim that did not", asking({"1"}), {.conditions = {"-1"}}, false, false},
      {"a claim that was not looked at", asking({"1"}), {.conditions = {"+2"}}, false, true},
      {"a claim of an id that only starts alike",
       asking({"1"}),
       {.conditions = {"+12"}},
       false,
       true},
      {"both of two claims", asking({"1", "2"}), {.conditions = {"+2", "+1"}}, true, true},
      {"one of two claims", asking({"1", "2"}), {.conditions = {"+2", "-1"}}, false, false},
      {"one of two claims, the other unknown",
       asking({"1", "2"}),
       {.conditions = {"-1"}},
       false,
       false},
      {"one of two claims is unknown", asking({"1", "2"}), {.conditions = {"+1"}}, false, true},
      {"a damaged record", asking({"1"}), {.conditions = {"", "+"}}, false, true},
      {"a network of the peer", rule({.networks = {"10.0.0.0/8", "192.0.2.0/24"}}), {}, true, true},
      {"another network", rule({.networks = {"10.0.0.0/8"}}), {}, false, false},
      {"no peer", rule({.networks = {"0.0.0.0/0", "::/0"}}), {.rhost = ""}, false, false},
      {"a peer known by name",
       rule({.networks = {"0.0.0.0/0", "::/0"}}),
       {.rhost = "evil.example.com"},
       false,
       true},
      {"a time", rule({.times = {"sat+sun", "tue 22:00-23:00"}}), {}, true, true},
      {"another time", rule({.times = {"sat+sun", "tue 22:00-22:13"}}), {}, false, false},
      {"a time of the host's zone", rule({.times = {"wed"}}), {.utc_offset = 2h}, true, true},
      {"not that of UTC there", rule({.times = {"tue"}}), {.utc_offset = 2h}, false, false},
      {"all of several",
       rule({.groups = {"dev"}, .networks = {"192.0.2.7"}, .times = {"tue"}}),
       {},
       true,
       true},
      {"one of several missing",
       rule({.groups = {"dev"}, .networks = {"192.0.2.7"}, .times = {"mon"}}),
       {},
       false,
       false},
      {"another host", rule({.here = false, .anyone = true}), {}, false, false},
      {"another service", rule({.services = {"sudo"}, .anyone = true}), {}, false, false},
      {"everybody", rule({.anyone = true}), {}, true, true},
      {"nobody", rule({}), {}, false, false},
      {"a token without a group claim",
       rule({.groups = {"contractors"}}),
       {.conditions = {"+other"}, .groups = {}, .groups_known = "+g"},
       false,
       true},
      {"a token with no group", rule({.groups = {"contractors"}}), {.groups = {}}, false, false},
      {"a group that this host does not have",
       rule({.groups = {"contractors"}}),
       {.groups = {"dev", "ext"}},
       false,
       true},
  };
  for (const auto& c : cases) {
    const auto allowed = ask({c.rule}, c.peer);
    EXPECT_EQ(allowed.reason == Reason::allowed, c.allows) << c.name << ": " << allowed.detail;
    AccessRule contrary = c.rule;
    contrary.denies = true;
    contrary.name = "not these";
    const std::vector<AccessRule> both = {contrary, rule({.name = "open", .anyone = true})};
    const auto answer = ask(both, c.peer);
    EXPECT_EQ(answer.reason == Reason::access_denied, c.denies) << c.name << ": " << answer.detail;
    EXPECT_EQ(answer.rule->name, c.denies ? "not these" : "open") << c.name;
  }
}

TEST(AccessRules, TheFirstThatDecidesCounts) {
  const auto deny = rule({.name = "deny", .denies = true, .groups = {"dev"}});
  const auto allow = rule({.name = "allow", .groups = {"dev"}});
  EXPECT_EQ(ask({allow, deny}, {}).reason, Reason::allowed);
  EXPECT_EQ(ask({deny, allow}, {}).reason, Reason::access_denied);
}

TEST(AccessRules, DenyKeepsOutASystemAccountThatALaterRuleNames) {
  const auto deny = rule({.name = "deny", .denies = true, .anyone = true});
  const auto allow = rule({.name = "allow", .users = {"alice"}});
  EXPECT_EQ(ask({allow}, {.system_account = true}).reason, Reason::allowed);
  EXPECT_EQ(ask({deny, allow}, {.system_account = true}).reason, Reason::access_denied);
}

TEST(AccessRules, SayWhatWouldHaveToBeDifferent) {
  struct {
    std::string want;
    std::vector<AccessRule> rules;
    Peer peer;
  } const cases[] = {
      {"rule \"only\" (test.yaml:7) denies it by group \"dev\", claim \"claim-1\", network "
       "\"192.0.2.0/24\", time \"tue\" (not known: the token has no such claim, or one of another "
       "kind, or was shown before the rule was made)",
       {asking(
           {"1"},
           {.denies = true, .groups = {"dev"}, .networks = {"192.0.2.0/24"}, .times = {"tue"}})},
       {}},
      {"rule \"only\" (test.yaml:7) denies it", {rule({.denies = true, .anyone = true})}, {}},
      {"rule \"only\" (test.yaml:7): it wants something of the claim \"claim-2\" that does not "
       "hold "
       "for the token",
       {asking({"1", "2"})},
       {.conditions = {"+1", "-2"}}},
      {"rule \"only\" (test.yaml:7): it wants something of the claim \"claim-1\" of which nothing "
       "is "
       "known: the token has no such claim, or one of another kind, or was shown before the rule "
       "was "
       "made",
       {asking({"1"})},
       {}},
      {"rule \"only\" (test.yaml:7): it wants a peer in \"10.0.0.0/8\", the peer is \"192.0.2.7\"",
       {rule({.networks = {"10.0.0.0/8"}})},
       {}},
      {"rule \"only\" (test.yaml:7): it wants a peer in \"10.0.0.0/8\", nobody from elsewhere asks",
       {rule({.networks = {"10.0.0.0/8"}})},
       {.rhost = ""}},
      {"rule \"only\" (test.yaml:7): it wants a peer in \"10.0.0.0/8\", the peer is known as "
       "\"a.example\", which is no address ('UseDNS no' in sshd_config)",
       {rule({.networks = {"10.0.0.0/8"}})},
       {.rhost = "a.example"}},
      {"rule \"only\" (test.yaml:7): it wants a time in \"sat+sun\", here it is tue 22:13",
       {rule({.times = {"sat+sun"}})},
       {}},
      // A rule that denies is never the one that came nearest.
      {"no rule of this host allows anybody the service \"sshd\"",
       {rule({.denies = true, .times = {"mon"}}), rule({.here = false, .anyone = true})},
       {}},
  };
  for (const auto& c : cases) EXPECT_EQ(ask(c.rules, c.peer).detail, c.want);
}

TEST(AccessRules, OnlyOneThatAllowsHereNamesAUser) {
  EXPECT_TRUE(names_user({{rule({.users = {"root"}})}}, "sshd", "root"));
  EXPECT_FALSE(names_user({{rule({.denies = true, .users = {"root"}})}}, "sshd", "root"));
  EXPECT_FALSE(names_user({{rule({.here = false, .users = {"root"}})}}, "sshd", "root"));
}

}  // namespace
}  // namespace latchkey::policy
