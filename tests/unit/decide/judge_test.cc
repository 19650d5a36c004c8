// SPDX-License-Identifier: Apache-2.0
//
// Stations 8 to 11 for a token that was just verified.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/decide/host.h"

namespace latchkey::test {
namespace {

using revocation::Kind;

struct Case {
  std::string name;
  Host host;
  LoginRequest request;
  claims::ClaimsRecord claims;
  Reason want;
  std::string rule;
};

Decision judged(const Case& c) {
  return judge(claims::ValidatedClaims::recall(c.claims), 0, c.request, c.host.snapshot(), kNow,
               {});
}

LoginRequest sign_in(std::string user, std::string service = "sshd") {
  return request(Operation::authenticate, std::move(service), std::move(user));
}

claims::ClaimsRecord changed(std::string user,
                             const std::function<void(claims::ClaimsRecord&)>& change) {
  auto record = claims_of(std::move(user));
  change(record);
  return record;
}

void expect(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    const auto decision = judged(c);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    EXPECT_EQ(decision.rule, c.rule) << c.name;
    EXPECT_EQ(decision.identity.has_value(), c.want == Reason::allowed) << c.name;
    EXPECT_EQ(decision.subject, c.claims.subject) << c.name;
    if (c.want != Reason::allowed) {
      EXPECT_FALSE(decision.binding.has_value()) << c.name;
      EXPECT_EQ(decision.valid_until, WallTime{}) << c.name;
    }
  }
}

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

TEST(Judge, RevocationsCount) {
  const revocation::Revocation token{
      .kind = Kind::token, .issuer = std::string(kIssuer), .value = "token-of-alice"};
  const revocation::Revocation subject{.kind = Kind::subject,
                                       .issuer = std::string(kIssuer),
                                       .value = "subject-of-alice",
                                       .before = kNow};
  const revocation::Revocation older{.kind = Kind::subject,
                                     .issuer = std::string(kIssuer),
                                     .value = "subject-of-alice",
                                     .before = kNow - 1min};
  const revocation::Revocation user{.kind = Kind::user, .value = "alice"};
  expect({
      {"refused for a revoked token",
       {.revocations = {token}},
       sign_in("alice"),
       claims_of("alice"),
       Reason::revoked_token,
       ""},
      {"refused for a revoked subject",
       {.revocations = {subject}},
       sign_in("alice"),
       claims_of("alice"),
       Reason::revoked_subject,
       ""},
      {"allowed with a token issued since",
       {.revocations = {older}},
       sign_in("alice"),
       claims_of("alice"),
       Reason::allowed,
       "login"},
      {"refused without iat, whatever the moment",
       {.revocations = {older}},
       sign_in("alice"),
       changed("alice", [](auto& c) { c.issued_at.reset(); }),
       Reason::revoked_subject,
       ""},
      {"refused for a revoked user",
       {.revocations = {user}},
       sign_in("alice"),
       claims_of("alice"),
       Reason::revoked_user,
       ""},
      {"allowed for another user",
       {.revocations = {token, subject, user}},
       sign_in("bob"),
       claims_of("bob"),
       Reason::allowed,
       "login"},
      {"silent to others about who is revoked",
       {.revocations = {user}},
       sign_in("alice"),
       claims_of("bob"),
       Reason::user_mismatch,
       ""},
  });
}

TEST(Judge, ANameBelongsToTheFirstSubject) {
  const Host bound{.bindings = {{"alice", subject_of("alice")}}};
  const Host bound_elsewhere{
      .bindings = {{"alice", {"https://other.example.com", "subject-of-alice"}}}};
  const Host bound_to_another{.bindings = {{"alice", subject_of("someone")}}};
  expect({
      {"allowed for the bound subject", bound, sign_in("alice"), claims_of("alice"),
       Reason::allowed, "login"},
      {"refused for another subject", bound_to_another, sign_in("alice"), claims_of("alice"),
       Reason::subject_conflict, ""},
      {"refused for the same letters in another case",
       Host{.bindings = {{"alice", {std::string(kIssuer), "Subject-of-alice"}}}}, sign_in("alice"),
       claims_of("alice"), Reason::subject_conflict, ""},
      {"refused for the same 'sub' of another issuer", bound_elsewhere, sign_in("alice"),
       claims_of("alice"), Reason::subject_conflict, ""},
  });

  const auto first = judged({"", {}, sign_in("alice"), claims_of("alice"), Reason::allowed, ""});
  ASSERT_TRUE(first.binding);
  EXPECT_EQ(first.binding->user, "alice");
  EXPECT_EQ(first.binding->issuer, kIssuer);
  EXPECT_EQ(first.binding->subject, "subject-of-alice");
  EXPECT_FALSE(
      judged({"", bound, sign_in("alice"), claims_of("alice"), Reason::allowed, ""}).binding)
      << "a bound name is not bound again";
}

TEST(Judge, SaysWhoItIsAndUntilWhen) {
  const auto decision = judged({"",
                                {},
                                sign_in("alice"),
                                changed("alice",
                                        [](auto& c) {
                                          c.groups = {"sre", "gone"};
                                        }),
                                Reason::allowed,
                                ""});
  ASSERT_TRUE(decision.identity);
  EXPECT_EQ(decision.identity->user, "alice");
  EXPECT_EQ(decision.identity->uid, 1000U);
  EXPECT_EQ(decision.identity->groups, std::vector<std::string>{"sre"});
  EXPECT_EQ(decision.identity->gids, std::vector<std::uint32_t>{2001});
  EXPECT_EQ(decision.valid_until, kNow + 1h);
  EXPECT_EQ(decision.issuer, kIssuer);
  EXPECT_EQ(decision.key_id, "thumbprint");
  EXPECT_EQ(decision.detail, "this host has no group \"nogroup\"");
  for (const auto check : {Check::revocation, Check::name, Check::managed, Check::account,
                           Check::binding, Check::access}) {
    EXPECT_EQ(decision.trace[check], Outcome::passed) << name(check);
  }
}

TEST(Judge, TheTraceEndsAtTheFirstFailure) {
  Trace verified;
  verified.pass(Check::signature);
  const auto decision = judge(claims::ValidatedClaims::recall(claims_of("alice")), 0,
                              sign_in("bob"), Host{}.snapshot(), kNow, verified);
  EXPECT_EQ(decision.trace[Check::signature], Outcome::passed);
  EXPECT_EQ(decision.trace[Check::revocation], Outcome::passed);
  EXPECT_EQ(decision.trace[Check::name], Outcome::failed);
  EXPECT_EQ(decision.trace[Check::account], Outcome::not_reached);
  EXPECT_EQ(decision.trace[Check::access], Outcome::not_reached);
}

TEST(Judge, NeverTakesClaimsOfOneIssuerForAnother) {
  const auto claims = claims::ValidatedClaims::recall(claims_of("alice"));
  const auto snapshot = Host{}.snapshot();
  for (const std::size_t issuer : {std::size_t{1}, std::size_t{2}}) {
    const auto decision = judge(claims, issuer, sign_in("alice"), snapshot, kNow, {});
    EXPECT_EQ(decision.reason, Reason::issuer_unknown) << issuer;
  }
}

TEST(Judge, AnswersNothingWithoutAWholeSnapshot) {
  const auto claims = claims::ValidatedClaims::recall(claims_of("alice"));
  const std::vector<std::function<void(Snapshot&)>> losses = {
      [](Snapshot& s) { s.config.reset(); }, [](Snapshot& s) { s.revocations.reset(); },
      [](Snapshot& s) { s.accounts.reset(); }, [](Snapshot& s) { s.bindings.reset(); }};
  for (const auto& lose : losses) {
    auto snapshot = Host{}.snapshot();
    lose(snapshot);
    EXPECT_EQ(judge(claims, 0, sign_in("alice"), snapshot, kNow, {}).reason,
              Reason::internal_error);
    EXPECT_EQ(judge_later_call(request(Operation::account, "sshd", "alice"), nullptr, nullptr,
                               snapshot, kNow)
                  .reason,
              Reason::internal_error);
  }
}

TEST(Checks, HaveNamesAndSentences) {
  EXPECT_EQ(name(Check::form), "form");
  EXPECT_EQ(name(Check::access), "access");
  EXPECT_EQ(description(Check::signature), "the signature verifies");
}

}  // namespace
}  // namespace latchkey::test
