// SPDX-License-Identifier: Apache-2.0
//
// What the past does to a sign-in (revocations, bindings), and what the decision says.
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/decide/host.h"
#include "tests/unit/decide/judge_cases.h"

namespace latchkey::test {
namespace {

using judge_test::changed;
using judge_test::expect;
using judge_test::judged;
using judge_test::sign_in;
using revocation::Kind;

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
  const auto by_pair = changed("alice", [](auto& c) { c.person = "tid=t,oid=o"; });
  const auto pair = judged({"", {}, sign_in("alice"), by_pair, Reason::allowed, ""});
  ASSERT_TRUE(pair.binding);
  EXPECT_EQ(pair.binding->subject, "tid=t,oid=o");
  const Host bound_by_pair{.bindings = {{"alice", {std::string(kIssuer), "tid=t,oid=o"}}}};
  expect({
      {"allowed for the bound claims whatever the 'sub'", bound_by_pair, sign_in("alice"),
       changed("alice",
               [](auto& c) {
                 c.subject = "another";
                 c.person = "tid=t,oid=o";
               }),
       Reason::allowed, "login"},
      {"refused for the 'sub' where claims are bound", bound_by_pair, sign_in("alice"),
       claims_of("alice"), Reason::subject_conflict, ""},
      {"refused for other claims of the same 'sub'", bound_by_pair, sign_in("alice"),
       changed("alice", [](auto& c) { c.person = "tid=t,oid=p"; }), Reason::subject_conflict, ""},
  });
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
