// SPDX-License-Identifier: Apache-2.0
//
// Revocations as latchkeyctl makes, lists and removes them.
#include "daemon/latchkeyd/service/control.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/control_host.h"

namespace latchkey::latchkeyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace control = ipc::control;
using Kind = control::MethodError::Kind;
using control_test::ControlTest;
using control_test::kCorp;

struct BadRevoke {
  std::string name;
  control::RevokeRequest request;
  Kind kind;
  std::string want;
};

class FullDiskTest : public ControlTest {
 protected:
  FullDiskTest() : ControlTest(0) {}
};

TEST_F(ControlTest, RevokedUserIsRevokedForEveryWorkerWhenTheAnswerComes) {
  std::optional<std::string> reply;
  begin<control::Revoke>({.kind = "user", .value = "mallory"}, reply);
  loop.run_until([&] { return some_worker_is_waited_for(); });
  EXPECT_FALSE(reply) << "no worker has it yet";
  workers[0].run_ready();
  loop.run_ready();
  EXPECT_FALSE(reply) << "one worker has not got it yet";
  workers[1].run_ready();
  loop.run_ready();
  ASSERT_TRUE(reply);
  EXPECT_GT(finish<control::Revoke>(*reply).value().id, 0);
  for (const auto& snapshot : taken) EXPECT_TRUE(snapshot->revocations->user_revoked("mallory"));
}

TEST_F(ControlTest, RevocationEndsTheSessionsThatItHitsOnceEveryWorkerHasIt) {
  const auto open = [&](char name, const std::string& user) {
    const std::string id(32, name);
    logins.put(std::make_shared<const Login>(Login{.id = id, .service = "sshd", .user = user}));
    logins.place(id, user, {.pid = 7, .opened_at = clock.wall()});
    return id;
  };
  const std::string mallory = open('b', "mallory");
  const std::string alice = open('a', "alice");
  ASSERT_TRUE(revoke_user("mallory"));
  loop.run_ready();
  EXPECT_THAT(ender.asked, ElementsAre(mallory + " 10s revoked session"));
  const auto listed = call<control::Sessions>({.limit = 1});
  ASSERT_EQ(listed->sessions.size(), 1U);
  EXPECT_TRUE(listed->more);
  EXPECT_EQ(listed->sessions[0].id, alice);
  const auto rest = call<control::Sessions>({.after = alice});
  ASSERT_EQ(rest->sessions.size(), 1U);
  EXPECT_EQ(rest->sessions[0].state, "ending");
  EXPECT_EQ(rest->sessions[0].pid, 7);
  EXPECT_EQ(call<control::EndSession>({alice})->outcome, "ending");
  EXPECT_EQ(ender.asked.back(), alice + " 10s administrator session");
  EXPECT_EQ(journal.count("the end of a session was asked for login=" + alice), 1U);
  EXPECT_EQ(call<control::EndSession>({std::string(32, 'f')}).error().kind, Kind::not_found);
  ender.answer = {SessionEnder::Outcome::unreachable, "nobody"};
  open('c', "bob");
  EXPECT_EQ(call<control::EndSession>({std::string(32, 'c')}).error().kind, Kind::refused);
  EXPECT_THAT(call<control::Status>({})->sessions_error.value_or(""), HasSubstr("nobody"));
}

TEST_F(ControlTest, RevocationsOutliveTheDaemonUntilTheyAreRemoved) {
  const auto user = revoke_user("mallory");
  const auto token =
      call<control::Revoke>({.kind = "token", .issuer = std::string(kCorp), .value = "jti-1"});
  ASSERT_TRUE(user && token);
  start();
  EXPECT_TRUE(taken[0]->revocations->user_revoked("mallory"));
  ASSERT_TRUE(call<control::RemoveRevocation>({user->id}));
  EXPECT_FALSE(taken[0]->revocations->user_revoked("mallory"));
  start();
  EXPECT_FALSE(taken[0]->revocations->user_revoked("mallory"));
  const auto listed = call<control::Revocations>({});
  ASSERT_EQ(listed->revocations.size(), 1U);
  EXPECT_EQ(listed->revocations[0].id, token->id);
}

TEST_F(ControlTest, SubjectIsRevokedAsOfItsIssuersNowUnlessAMomentIsGiven) {
  claims::ClaimsRecord record;
  record.issuer = kCorp;
  record.subject = "s-1";
  const auto revoked = [&] {
    return taken[1]->revocations->find(*claims::ValidatedClaims::recall(record));
  };
  const WallTime ahead = clock.wall() + taken[1]->config->issuers[0].config.claims.leeway;
  ASSERT_GT(ahead, clock.wall());
  record.issued_at = ahead - std::chrono::milliseconds(1);
  ASSERT_TRUE(
      call<control::Revoke>({.kind = "subject", .issuer = std::string(kCorp), .value = "s-1"}));
  EXPECT_EQ(revoked(), Reason::revoked_subject);
  record.issued_at = ahead;
  EXPECT_EQ(revoked(), std::nullopt);
  ASSERT_TRUE(call<control::Revoke>({.kind = "subject",
                                     .issuer = std::string(kCorp),
                                     .value = "s-1",
                                     .before = clock.wall() + std::chrono::hours(1)}));
  EXPECT_EQ(revoked(), Reason::revoked_subject);
}

TEST_F(ControlTest, IssuerMayBeNamedByItsShortName) {
  ASSERT_TRUE(call<control::Revoke>(
      {.kind = "token", .issuer = "corp", .value = "jti-1", .comment = "lost"}));
  const auto listed = call<control::Revocations>({.kind = "token"});
  ASSERT_EQ(listed->revocations.size(), 1U);
  EXPECT_EQ(listed->revocations[0].issuer, kCorp);
  EXPECT_EQ(listed->revocations[0].comment, "lost");
  EXPECT_FALSE(listed->revocations[0].before);
}

TEST_F(ControlTest, SameRevocationTwiceHasOneId) {
  EXPECT_EQ(revoke_user("mallory")->id, revoke_user("mallory")->id);
  EXPECT_EQ(call<control::Revocations>({})->revocations.size(), 1U);
}

TEST_F(ControlTest, RevokeThatMakesNoSenseChangesNothingAndSaysWhatIsWrong) {
  const std::string corp(kCorp);
  const std::vector<BadRevoke> cases = {
      {"an unknown kind", {.kind = "keys", .value = "x"}, Kind::invalid_parameter, "kind"},
      {"a key by what is no thumbprint",
       {.kind = "key", .value = "x"},
       Kind::invalid_parameter,
       "value"},
      {"a key by a kid that its issuer does not show",
       {.kind = "key", .issuer = "corp", .value = "none-such"},
       Kind::refused,
       "no key of the kid"},
      {"a token hash that is none",
       {.kind = "token_hash", .value = std::string(64, 'A')},
       Kind::invalid_parameter,
       "value"},
      {"a session without an issuer",
       {.kind = "session", .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"an end that has passed",
       {.kind = "user", .value = "x", .end = clock.wall()},
       Kind::invalid_parameter,
       "end"},
      {"a user with an issuer",
       {.kind = "user", .issuer = corp, .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"a token without an issuer",
       {.kind = "token", .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"a subject without an issuer",
       {.kind = "subject", .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"an empty value", {.kind = "user", .value = ""}, Kind::invalid_parameter, "value"},
      {"a value over the limit",
       {.kind = "token", .issuer = corp, .value = std::string(limits::kClaimStringBytes + 1, 'x')},
       Kind::invalid_parameter,
       "value"},
      {"a user with a line break",
       {.kind = "user", .value = "a\nb"},
       Kind::invalid_parameter,
       "value"},
      {"a moment for a token",
       {.kind = "token", .issuer = corp, .value = "x", .before = WallTime()},
       Kind::invalid_parameter,
       "before"},
      {"a comment with a line break",
       {.kind = "user", .value = "x", .comment = "a\nb"},
       Kind::invalid_parameter,
       "comment"},
      {"a comment over the limit",
       {.kind = "user", .value = "x", .comment = std::string(1'025, 'c')},
       Kind::invalid_parameter,
       "comment"},
      {"an issuer that is not configured",
       {.kind = "token", .issuer = corp + "/", .value = "x"},
       Kind::refused,
       "https://corp.example.com"},
  };
  for (const BadRevoke& test : cases) {
    const auto outcome = call<control::Revoke>(test.request);
    ASSERT_FALSE(outcome) << test.name;
    EXPECT_EQ(outcome.error().kind, test.kind) << test.name;
    EXPECT_THAT(outcome.error().text, HasSubstr(test.want)) << test.name;
  }
  EXPECT_TRUE(call<control::Revocations>({})->revocations.empty());
  EXPECT_EQ(plane->current().number, 0U);
}

TEST_F(ControlTest, RevocationsComeInPages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(revoke_user("user" + std::to_string(i)));
  std::vector<std::string> seen;
  std::optional<std::int64_t> after;
  for (bool more = true; more;) {
    const auto page = call<control::Revocations>({.after = after, .limit = 2});
    ASSERT_TRUE(page);
    ASSERT_LE(page->revocations.size(), 2U);
    for (const auto& entry : page->revocations) seen.push_back(entry.value);
    after = page->revocations.back().id;
    more = page->more;
  }
  EXPECT_THAT(seen, ElementsAre("user0", "user1", "user2", "user3", "user4"));
  EXPECT_EQ(call<control::Revocations>({.limit = 0}).error().text, "limit");
  EXPECT_EQ(call<control::Revocations>({.limit = 1'001}).error().text, "limit");
  EXPECT_EQ(call<control::Revocations>({.kind = "nonsense"}).error().text, "kind");
}

TEST_F(ControlTest, RemovalOfWhatIsNotThereIsNotFound) {
  EXPECT_EQ(call<control::RemoveRevocation>({42}).error().kind, Kind::not_found);
  EXPECT_EQ(call<control::RemoveBinding>({"nobody"}).error().kind, Kind::not_found);
}

TEST_F(ControlTest, ChangesAreJournaledWithWhoAskedAndNeverWithATokensId) {
  peer = {4711, 1234, 1234};
  ASSERT_TRUE(
      call<control::Revoke>({.kind = "token", .issuer = "corp", .value = "jti-very-secret"}));
  ASSERT_TRUE(revoke_user("mallory"));
  EXPECT_EQ(
      journal.count(
          "revoked revocation=1 kind=token value= issuer=https://corp.example.com before= end= "
          "reason= peer_uid=1234 peer_pid=4711"),
      1U)
      << journal.text();
  EXPECT_EQ(journal.count("kind=user value=mallory"), 1U);
  EXPECT_EQ(journal.count("jti-very-secret"), 0U);
  ASSERT_TRUE(call<control::Revoke>({.kind = "user",
                                     .value = "eve",
                                     .comment = "laptop 17 is lost",
                                     .end = clock.wall() + std::chrono::hours(1)}));
  EXPECT_EQ(journal.count("value=eve issuer= before= end="), 1U);
  EXPECT_EQ(journal.count("reason=laptop 17 is lost"), 1U);
}

TEST_F(ControlTest, EachKindIsRevokedAndSaidByItsReason) {
  const std::string corp(kCorp);
  const std::string hash(64, 'a');
  const std::string thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
  ASSERT_TRUE(call<control::Revoke>({.kind = "token_hash", .value = hash}));
  ASSERT_TRUE(call<control::Revoke>({.kind = "session", .issuer = corp, .value = "sid-1"}));
  ASSERT_TRUE(call<control::Revoke>({.kind = "key", .value = thumbprint}));
  const auto found = [&](const std::function<void(claims::ClaimsRecord&)>& change) {
    claims::ClaimsRecord record;
    record.issuer = corp;
    record.subject = "s-1";
    change(record);
    return taken[0]->revocations->find(*claims::ValidatedClaims::recall(record));
  };
  EXPECT_EQ(found([&](auto& record) { record.token_digest = hash; }), Reason::revoked_token);
  EXPECT_EQ(found([](auto& record) { record.session = "sid-1"; }), Reason::revoked_session);
  EXPECT_EQ(found([&](auto& record) { record.key_id = thumbprint; }), Reason::revoked_key);
  EXPECT_EQ(found([](auto& record) { record.session = "sid-2"; }), std::nullopt);
  EXPECT_EQ(journal.count("kind=session value=sid-1"), 1U);
  EXPECT_EQ(journal.count(hash), 0U);
  claims::ClaimsRecord record;
  record.issuer = corp;
  record.session = "sid-1";
  EXPECT_EQ(taken[0]->revocations->revoked_by(*claims::ValidatedClaims::recall(record)),
            "the local store");
  start();
  EXPECT_EQ(found([](auto& again) { again.session = "sid-1"; }), Reason::revoked_session);
}

TEST_F(ControlTest, ManyAreRevokedAtOnceOrNoneOfThem) {
  control::RevokeManyRequest request;
  for (int i = 0; i < 300; ++i)
    request.revocations.push_back({.kind = "user", .value = "user" + std::to_string(i)});
  const auto answer = call<control::RevokeMany>(request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ids.size(), 300U);
  EXPECT_TRUE(taken[1]->revocations->user_revoked("user299"));
  EXPECT_EQ(journal.count("revoked many count=300 first=1 last=300"), 1U) << journal.text();
  request.revocations = {{.kind = "user", .value = "new"}, {.kind = "user", .value = ""}};
  EXPECT_EQ(call<control::RevokeMany>(request).error().text, "revocations[1].value");
  EXPECT_FALSE(taken[0]->revocations->user_revoked("new"));
  request.revocations = {{.kind = "user", .value = "new"},
                         {.kind = "token", .issuer = "nobody", .value = "x"}};
  const auto refused = call<control::RevokeMany>(request);
  EXPECT_EQ(refused.error().kind, Kind::refused);
  EXPECT_THAT(refused.error().text, HasSubstr("revocations[1]: no issuer"));
  EXPECT_EQ(call<control::RevokeMany>({}).error().kind, Kind::invalid_parameter);
  EXPECT_EQ(call<control::Status>({})->revocations, 300);
}

TEST_F(FullDiskTest, ManyThatTheDiskDoesNotHoldAreRefusedAndNoneOfThemIsRevoked) {
  control::RevokeManyRequest request;
  for (int i = 0; i < 200; ++i)
    request.revocations.push_back(
        {.kind = "user", .value = "user" + std::to_string(i) + std::string(100, 'z')});
  const auto refused = call<control::RevokeMany>(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::refused);
  EXPECT_THAT(refused.error().text, HasSubstr("full"));
  EXPECT_EQ(taken[0]->revocations->size(), 0U);
}

// F14: a full disk refuses the command that needed it, with its reason, and revokes nothing by
// halves.
TEST_F(FullDiskTest, RevokeIsRefusedWithItsReason) {
  const auto refused = call<control::Revoke>({.kind = "token",
                                              .issuer = "corp",
                                              .value = std::string(2'000, 'x'),
                                              .comment = std::string(1'000, 'y')});
  std::vector<std::string> accepted;
  auto outcome =
      refused ? control::Outcome<control::RevokeAnswer>(*refused) : tl::unexpected(refused.error());
  for (int i = 0; i < 100 && outcome; ++i) {
    const std::string user = "user" + std::to_string(i) + std::string(1'000, 'z');
    outcome = revoke_user(user);
    if (outcome) accepted.push_back(user);
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::refused);
  EXPECT_THAT(outcome.error().text, HasSubstr("full"));
  EXPECT_EQ(taken[0]->revocations->size(), accepted.size() + (refused ? 1U : 0U));
  EXPECT_THAT(call<control::Status>({})->state_error.value_or(""), HasSubstr("full"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
