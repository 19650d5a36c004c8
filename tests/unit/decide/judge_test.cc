// SPDX-License-Identifier: Apache-2.0
//
// Whom the rules, the names and the account let in.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/decide/host.h"
#include "tests/unit/decide/judge_cases.h"

namespace latchkey::test {
namespace {

using judge_test::changed;
using judge_test::expect;
using judge_test::sign_in;

TEST(Judge, AllowsAndRefusesByTheRules) {
  const auto alice = claims_of("alice");
  expect({
      {"allowed by a rule's group", {}, sign_in("alice"), alice, Reason::allowed, "login"},
      {"refused for a service with a rule for others",
       {},
       sign_in("alice", "sudo"),
       alice,
       Reason::access_denied,
       "administration"},
      {"refused for a service without a rule",
       {},
       sign_in("alice", "login"),
       alice,
       Reason::access_denied,
       ""},
      {"refused for a service in another case",
       {},
       sign_in("alice", "SSHD"),
       alice,
       Reason::access_denied,
       ""},
      {"refused without a group",
       {},
       sign_in("alice"),
       changed("alice", [](auto& c) { c.groups.clear(); }),
       Reason::access_denied,
       "login"},
      {"refused with a local group's name for a value",
       {},
       sign_in("alice"),
       changed("alice", [](auto& c) { c.groups = {"developers"}; }),
       Reason::access_denied,
       "login"},
      {"refused without any rule",
       {.access = ""},
       sign_in("alice"),
       alice,
       Reason::access_denied,
       ""},
      {"allowed in sudo with its group",
       {},
       sign_in("alice", "sudo"),
       changed("alice", [](auto& c) { c.groups = {"sre"}; }),
       Reason::allowed,
       "administration"},
  });
}

TEST(Judge, TheTokenMustNameTheUser) {
  expect({
      {"refused for another user",
       {},
       sign_in("bob"),
       claims_of("alice"),
       Reason::user_mismatch,
       ""},
      {"refused for root", {}, sign_in("root"), claims_of("alice"), Reason::user_mismatch, ""},
      {"refused alike for a name that does not exist",
       {},
       sign_in("nosuch"),
       claims_of("alice"),
       Reason::user_mismatch,
       ""},
      {"refused for no name", {}, sign_in(""), claims_of("alice"), Reason::user_mismatch, ""},
      {"refused with a name that is none",
       {},
       sign_in("al ice"),
       claims_of("al ice"),
       Reason::name_unusable,
       ""},
      {"refused for its own name where the host lacks it",
       {},
       sign_in("dave"),
       claims_of("dave"),
       Reason::user_unknown,
       ""},
  });
}

TEST(Judge, SystemAccountsOpenOnlyToARuleThatNamesThem) {
  const std::string any =
      "access: [ { name: any, services: [ sshd ], allow: { anyone: true } } ]\n";
  const std::string root =
      "access: [ { name: root, services: [ sshd ], allow: { users: [ root ] } } ]\n";
  const std::string both =
      "access: [ { name: any, services: [ \"*\" ], allow: { anyone: true } }, "
      "{ name: root, services: [ sshd ], allow: { users: [ root, nobody ] } } ]\n";
  const std::string strict =
      "access: [ { name: any, services: [ \"*\" ], allow: { anyone: true } }, "
      "{ name: root, services: [ sshd ], allow: { users: [ root ], groups: [ sre ] } } ]\n";
  const std::string managed = "managed: [ root, svc ]\n";
  expect({
      {"root is not managed",
       {.access = any},
       sign_in("root"),
       claims_of("root"),
       Reason::not_managed,
       ""},
      {"uid 999 is not managed",
       {.access = any},
       sign_in("svc"),
       claims_of("svc"),
       Reason::not_managed,
       ""},
      {"nobody is not managed",
       {.access = any},
       sign_in("nobody"),
       claims_of("nobody"),
       Reason::not_managed,
       ""},
      {"a managed root is refused without a rule that names it",
       {.settings = managed, .access = any},
       sign_in("root"),
       claims_of("root"),
       Reason::system_account,
       ""},
      {"uid 999, managed, is refused alike",
       {.settings = managed, .access = any},
       sign_in("svc"),
       claims_of("svc"),
       Reason::system_account,
       ""},
      {"root is let in by the rule that names it",
       {.access = root},
       sign_in("root"),
       claims_of("root"),
       Reason::allowed,
       "root"},
      {"nobody is let in by the rule that names it",
       {.access = both},
       sign_in("nobody"),
       claims_of("nobody"),
       Reason::allowed,
       "root"},
      {"root is not let in by a rule for another service",
       {.access = root},
       sign_in("root", "login"),
       claims_of("root"),
       Reason::not_managed,
       ""},
      {"the naming rule's other conditions hold for root",
       {.access = strict},
       sign_in("root"),
       claims_of("root"),
       Reason::access_denied,
       "root"},
      {"a regular user needs no naming",
       {.access = both},
       sign_in("alice"),
       claims_of("alice"),
       Reason::allowed,
       "any"},
      {"a user with a binding and a uid below 1000 is refused too",
       {.access = any, .bindings = {{"svc", subject_of("svc")}}},
       sign_in("svc"),
       claims_of("svc"),
       Reason::system_account,
       ""},
  });
}

TEST(Judge, OnlyManagedNamesSignIn) {
  expect({
      {"an unmanaged name is left to the stack",
       {.settings = "unmanaged: [ alice ]\n"},
       sign_in("alice"),
       claims_of("alice"),
       Reason::not_managed,
       ""},
      {"a name that is not in 'managed' is left to the stack",
       {.settings = "managed: [ bob ]\n"},
       sign_in("alice"),
       claims_of("alice"),
       Reason::not_managed,
       ""},
      {"a name in 'managed' signs in",
       {.settings = "managed: [ alice ]\n"},
       sign_in("alice"),
       claims_of("alice"),
       Reason::allowed,
       "login"},
      {"'unmanaged' wins over 'managed'",
       {.settings = "managed: [ alice ]\nunmanaged: [ alice ]\n"},
       sign_in("alice"),
       claims_of("alice"),
       Reason::not_managed,
       ""},
      {"a bound name signs in though 'managed' lacks it",
       {.settings = "managed: []\n", .bindings = {{"alice", subject_of("alice")}}},
       sign_in("alice"),
       claims_of("alice"),
       Reason::allowed,
       "login"},
      {"a rule that names an unmanaged user lets a token in",
       {.settings = "unmanaged: [ alice ]\n",
        .access = "access: [ { name: a, services: [ sshd ], allow: { users: [ alice ] } } ]\n"},
       sign_in("alice"),
       claims_of("alice"),
       Reason::allowed,
       "a"},
  });
}

}  // namespace
}  // namespace latchkey::test
