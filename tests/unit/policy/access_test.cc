// SPDX-License-Identifier: Apache-2.0
#include "core/policy/access.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/policy/asked.h"

namespace latchkey::policy {
namespace {

using namespace std::chrono_literals;

using testing::ask_as_alice;
using testing::kNow;
using testing::rule;

// What is asked by alice, at corp, over sshd, with a token shown now.
struct Bearer {
  std::vector<std::string> groups = {"dev"};
  std::string acr;
  std::vector<std::string> amr;
  std::optional<WallTime> auth_time;
  std::string service = "sshd";
  bool live = true;
  bool system_account = false;
};

AccessAnswer ask(const std::vector<AccessRule>& rules, const Bearer& bearer) {
  claims::ClaimsRecord record;
  record.groups = bearer.groups;
  record.acr = bearer.acr;
  record.amr = bearer.amr;
  record.auth_time = bearer.auth_time;
  return ask_as_alice(rules, record, [&](AccessQuestion& question) {
    question.service = bearer.service;
    question.system_account = bearer.system_account;
    question.live = bearer.live;
  });
}

struct Case {
  std::string name;
  AccessRule rule;
  Bearer bearer;
  Reason want;
};

TEST(AccessRule, AllItsConditionsMustHold) {
  const std::vector<Case> cases = {
      {"allowed by a group", {.groups = {"sre", "dev"}}, {}, Reason::allowed},
      {"allowed by a user", {.users = {"bob", "alice"}}, {}, Reason::allowed},
      {"allowed by an issuer", {.issuers = {"corp"}}, {}, Reason::allowed},
      {"allowed by anyone", {.anyone = true}, {.groups = {}}, Reason::allowed},
      {"allowed for any service",
       {.services = {"*"}, .groups = {"dev"}},
       {.service = "cockpit"},
       Reason::allowed},
      {"refused by a rule that says nothing", {}, {}, Reason::access_denied},
      {"refused for another service",
       {.services = {"sudo"}, .groups = {"dev"}},
       {},
       Reason::access_denied},
      {"refused for a service that only starts alike",
       {.groups = {"dev"}},
       {.service = "sshd2"},
       Reason::access_denied},
      {"refused for an empty service", {.groups = {"dev"}}, {.service = ""}, Reason::access_denied},
      {"refused with another group", {.groups = {"sre"}}, {}, Reason::access_denied},
      {"refused without groups", {.groups = {"dev"}}, {.groups = {}}, Reason::access_denied},
      {"refused for another user", {.users = {"bob"}}, {}, Reason::access_denied},
      {"refused for another issuer", {.issuers = {"other"}}, {}, Reason::access_denied},
      {"refused where one of two does not hold",
       {.users = {"alice"}, .groups = {"sre"}},
       {},
       Reason::access_denied},
      {"allowed where both hold", {.users = {"alice"}, .groups = {"dev"}}, {}, Reason::allowed},
      {"refused for a system account by a group",
       {.groups = {"dev"}},
       {.system_account = true},
       Reason::system_account},
      {"refused for a system account by anyone",
       {.anyone = true},
       {.system_account = true},
       Reason::system_account},
      {"allowed for a system account by name",
       {.users = {"alice"}},
       {.system_account = true},
       Reason::allowed},
      {"allowed with the acr", {.acr = {"phr", "mfa"}}, {.acr = "mfa"}, Reason::allowed},
      {"refused with another acr", {.acr = {"mfa"}}, {.acr = "mfa2"}, Reason::acr_insufficient},
      {"refused without acr", {.acr = {"mfa"}}, {}, Reason::acr_insufficient},
      {"allowed with one of the amr",
       {.amr = {"otp", "hwk"}},
       {.amr = {"pwd", "hwk"}},
       Reason::allowed},
      {"refused with other amr", {.amr = {"hwk"}}, {.amr = {"pwd"}}, Reason::acr_insufficient},
      {"refused without amr", {.amr = {"hwk"}}, {}, Reason::acr_insufficient},
      {"acr needs a live login",
       {.acr = {"mfa"}},
       {.acr = "mfa", .live = false},
       Reason::live_login_required},
      {"amr needs a live login",
       {.amr = {"hwk"}},
       {.amr = {"hwk"}, .live = false},
       Reason::live_login_required},
      {"max_auth_age needs a live login",
       {.max_auth_age = 15min},
       {.auth_time = kNow, .live = false},
       Reason::live_login_required},
      {"a group needs none", {.groups = {"dev"}}, {.live = false}, Reason::allowed},
      {"allowed at max_auth_age exactly",
       {.max_auth_age = 15min},
       {.auth_time = kNow - 15min},
       Reason::allowed},
      {"refused a millisecond later",
       {.max_auth_age = 15min},
       {.auth_time = kNow - 15min - 1ms},
       Reason::authentication_too_old},
      {"refused without auth_time", {.max_auth_age = 15min}, {}, Reason::authentication_too_old},
      {"allowed with auth_time as far ahead as the leeway",
       {.max_auth_age = 15min},
       {.auth_time = kNow + 60s},
       Reason::allowed},
      {"refused with auth_time further ahead",
       {.max_auth_age = 15min},
       {.auth_time = kNow + 60s + 1ms},
       Reason::authentication_too_old},
  };
  for (const auto& c : cases) {
    const auto answer = ask({rule(c.rule)}, c.bearer);
    EXPECT_EQ(code(answer.reason), code(c.want)) << c.name << ": " << answer.detail;
    EXPECT_EQ(answer.detail.empty(), c.want == Reason::allowed) << c.name;
  }
}

struct NearestCase {
  std::string name;
  std::vector<AccessRule> rules;
  Bearer bearer;
  Reason want;
  std::string rule;
  std::string detail;
};

TEST(AccessRules, NameTheOneThatAllowedOrCameNearest) {
  const auto by_group = rule({.name = "group", .groups = {"sre"}});
  const auto by_acr = rule({.name = "step-up", .groups = {"dev"}, .acr = {"mfa"}});
  const auto by_user = rule({.name = "user", .users = {"bob"}});
  const auto open = rule({.name = "open", .anyone = true});
  const auto for_sudo = rule({.name = "sudo", .services = {"sudo"}, .anyone = true});
  const std::vector<NearestCase> cases = {
      {"the first that allows",
       {by_group, open, rule({.name = "later", .anyone = true})},
       {},
       Reason::allowed,
       "open",
       ""},
      {"the first of two that fail alike",
       {by_group, rule({.name = "second", .groups = {"x"}})},
       {},
       Reason::access_denied,
       "group",
       "rule \"group\" (test.yaml:7): it wants one of the groups \"sre\", the map gave \"dev\""},
      {"the one that got furthest",
       {by_user, by_group, by_acr},
       {},
       Reason::acr_insufficient,
       "step-up",
       "rule \"step-up\" (test.yaml:7): it wants 'acr' \"mfa\", the token has none"},
      {"the one that got furthest in any order",
       {by_acr, by_user},
       {.acr = "1"},
       Reason::acr_insufficient,
       "step-up",
       "rule \"step-up\" (test.yaml:7): it wants 'acr' \"mfa\", the token has \"1\""},
      {"none where none is for the service",
       {for_sudo},
       {},
       Reason::access_denied,
       "",
       "no rule of this host allows anybody the service \"sshd\""},
      {"none where there is none",
       {},
       {.service = "a\nb"},
       Reason::access_denied,
       "",
       "no rule of this host allows anybody the service \"a\\x0ab\""},
      {"a rule of another service is never near",
       {by_user, for_sudo},
       {},
       Reason::access_denied,
       "user",
       "rule \"user\" (test.yaml:7): it does not name the user \"alice\""},
      {"the age that was too high",
       {rule({.name = "fresh", .max_auth_age = 60s})},
       {.auth_time = kNow - 61s},
       Reason::authentication_too_old,
       "fresh",
       "rule \"fresh\" (test.yaml:7): it wants an authentication within 60 s, the last one was 61 "
       "s ago"},
  };
  for (const auto& c : cases) {
    const auto answer = ask(c.rules, c.bearer);
    EXPECT_EQ(code(answer.reason), code(c.want)) << c.name;
    EXPECT_EQ(answer.rule == nullptr ? "" : answer.rule->name, c.rule) << c.name;
    EXPECT_EQ(answer.detail, c.detail) << c.name;
  }
}

TEST(AccessRules, AnExplanationStaysShortWhateverTheTokenBrings) {
  Bearer bearer;
  bearer.amr.assign(1'000, std::string(2'000, '\n'));
  const auto answer = ask({rule({.amr = {"hwk"}})}, bearer);
  EXPECT_EQ(answer.reason, Reason::acr_insufficient);
  EXPECT_LT(answer.detail.size(), 1'000U);
  EXPECT_EQ(answer.detail.find('\n'), std::string::npos);
}

TEST(AccessRules, NamingAUserCountsForTheServiceOnly) {
  const std::vector<AccessRule> rules = {rule({.users = {"root"}}),
                                         rule({.services = {"*"}, .users = {"svc"}})};
  EXPECT_TRUE(names_user(rules, "sshd", "root"));
  EXPECT_FALSE(names_user(rules, "sudo", "root"));
  EXPECT_TRUE(names_user(rules, "sudo", "svc"));
  EXPECT_FALSE(names_user(rules, "sshd", "alice"));
  EXPECT_FALSE(names_user(rules, "sshd", ""));
}

}  // namespace
}  // namespace latchkey::policy
