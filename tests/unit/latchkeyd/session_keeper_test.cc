// SPDX-License-Identifier: Apache-2.0
//
// How sessions that are to end are ended: asked for, followed, asked for again, and told of.
#include "tests/unit/latchkeyd/session_keeper_host.h"

namespace latchkey::latchkeyd::session_keeper_test {
namespace {

TEST_F(SessionKeeperTest, HitLoginIsEndedWithTheConfiguredGraceAndOthersAreNot) {
  const std::string alice = open('a', "alice");
  open('b', "bob");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s revoked session"));
  EXPECT_EQ(journal.count("a session is to end login=" + alice +
                          " cause=revoked reason=revoked_user entry=user=alice source=this host"),
            1U);
  EXPECT_EQ(state(alice), State::ending);
}

TEST_F(SessionKeeperTest, WholeUserIsEndedWhereTheConfigurationSaysSo) {
  config::Config config = *snapshot.config;
  config.sessions = {.grace = 3s, .terminate = config::SessionsConfig::Terminate::user};
  config_of(config);
  const std::string alice = open('a', "alice");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 3s revoked user"));
}

// A name of the login's user that is none of its claims': a shared account, where others are, too.
TEST_F(SessionKeeperTest, OnlyTheSessionIsEndedOfASharedAccount) {
  config::Config config = *snapshot.config;
  config.sessions = {.grace = 3s, .terminate = config::SessionsConfig::Terminate::user};
  config_of(config);
  const std::string id = open('a', "deploy");
  Login login = *logins.find(id, "deploy");
  login.claims.users = {"alice"};
  logins.close(id, "deploy");
  logins.put(std::make_shared<const Login>(login));
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_THAT(ender.asked, ElementsAre(id + " 3s revoked session"));
}

TEST_F(SessionKeeperTest, EndThatIsNotTheConfiguredOneIsSaid) {
  const std::string alice = open('a', "alice");
  ender.answer.why = "not its whole user";
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_EQ(journal.count("a session ends otherwise than is configured login=" + alice), 1U);
}

TEST_F(SessionKeeperTest, LoginThatWasPlacedWhileTheRevocationsChangedEndsAtTheNextLook) {
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(1s);
  const std::string alice = open('a', "alice");
  pass(61s);
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s revoked session"));
}

TEST_F(SessionKeeperTest, EventNamesTheEntryThatHit) {
  open('a', "alice");
  revoked({{.kind = Kind::token,
            .issuer = snapshot.config->issuers[0].config.issuer,
            .value = "jti-a"}});
  keeper.revocations_changed();
  EXPECT_EQ(journal.count("reason=revoked_token entry=token"), 1U);
  EXPECT_EQ(journal.count("jti-a"), 0U);
}

TEST_F(SessionKeeperTest, SecondRevocationOfAnEndingLoginAsksNobodyAgain) {
  open('a', "alice");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  keeper.revocations_changed();
  pass(1s);
  EXPECT_EQ(ender.asked.size(), 1U);
}

TEST_F(SessionKeeperTest, SessionThatDoesNotEndIsAskedForAgain) {
  open('a', "alice");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(29s);
  EXPECT_EQ(ender.asked.size(), 1U);
  pass(2s);
  EXPECT_EQ(ender.asked.size(), 2U);
}

TEST_F(SessionKeeperTest, SessionThatLivesOnBeyondItsEndIsNotEndedUntilItIs) {
  const std::string alice = open('a', "alice");
  ender.seen = {.live = {alice}};
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(29s);
  EXPECT_EQ(state(alice), State::ending);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  for (int i = 0; i < 3; ++i) {
    pass(31s);
    EXPECT_EQ(state(alice), State::not_ended) << "though it is said to be ending";
    EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("1 session that should have ended live"));
  }
  EXPECT_EQ(journal.count("a session that is to end lives on"), 1U);
  logins.close(alice, "alice");
  pass(31s);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  EXPECT_EQ(journal.count("a session has ended"), 1U);
}

TEST_F(SessionKeeperTest, SessionThatWasGivenMoreTimeThanWasAskedForIsNotLateBefore) {
  const std::string alice = open('a', "alice");
  ender.seen = {.live = {alice}};
  ender.grace = 60s;  // --shortest-grace
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(79s);
  EXPECT_EQ(state(alice), State::ending);
  EXPECT_EQ(ender.asked.size(), 1U);
  pass(1s);
  EXPECT_EQ(state(alice), State::not_ended);
  EXPECT_EQ(ender.asked.size(), 2U);
}

TEST_F(SessionKeeperTest, WhatIsRefusedForWantOfRoomIsAskedForUntilItIsTaken) {
  std::vector<std::string> ids;
  for (const char name : {'a', 'b', 'c'}) ids.push_back(open(name, std::string(1, name)));
  ender.most = 2;
  ender.seen = {.live = ids};
  revoked({{.kind = Kind::user, .value = "a"},
           {.kind = Kind::user, .value = "b"},
           {.kind = Kind::user, .value = "c"}});
  keeper.revocations_changed();
  const auto count = [&](State which) {
    return std::count_if(ids.begin(), ids.end(),
                         [&](const auto& id) { return state(id) == which; });
  };
  EXPECT_EQ(count(State::not_ended), 1);
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("1 session that should have ended live"));
  pass(1s);
  EXPECT_EQ(ender.asked.size(), 4U);
  ender.most = 3;
  pass(2s);
  EXPECT_EQ(ender.asked.size(), 5U);
  EXPECT_EQ(count(State::ending), 3);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
}

TEST_F(SessionKeeperTest, SessionThatIsClosedWhileNobodyCanEndItIsNoQuietEnd) {
  const std::string alice = open('a', "alice");
  ender.answer = {Outcome::refused, "latchkey-endd-signal: no such file", {}};
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  logins.close(alice, "alice");
  pass(11s);
  EXPECT_EQ(journal.count("a session was closed that nobody could end"), 1U);
}

TEST_F(SessionKeeperTest, EndOfTheSessionIsAnEventAndTheLastOfIt) {
  const std::string alice = open('a', "alice");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  logins.close(alice, "alice");  // the module's close_session
  pass(11s);
  EXPECT_EQ(journal.count("a session has ended login=" + alice + " cause=revoked"), 1U);
  EXPECT_EQ(journal.count("a session was closed that nobody could end"), 0U);
  pass(10min);
  EXPECT_EQ(ender.asked.size(), 1U);
}

TEST_F(SessionKeeperTest, WhileNobodyAnswersItIsLoudAndGoesOnAsking) {
  const std::string alice = open('a', "alice");
  ender.answer = {Outcome::unreachable, "/run/end.sock: no such file", {}};
  ender.unreachable = ender.answer.why;
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("does not answer (/run/end.sock"));
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("1 session that should have ended live"));
  EXPECT_EQ(state(alice), State::not_ended);
  for (int i = 0; i < 10; ++i) pass(30s);
  EXPECT_GE(ender.asked.size(), 10U);
  EXPECT_EQ(journal.count("latchkey-endd does not answer"), 1U) << "once, not at each attempt";
  ender.answer = {Outcome::ending, "", {}};
  ender.unreachable.reset();
  ender.seen = {.live = {alice}};
  pass(30s);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  EXPECT_EQ(journal.count("latchkey-endd answers again"), 1U);
}

TEST_F(SessionKeeperTest, NoteThatIsNotThereYetIsAskedForAgainSoon) {
  open('a', "alice");
  ender.answer = {Outcome::unknown, "there is no note of that login", {}};
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(1s);
  EXPECT_EQ(ender.asked.size(), 2U);
}

TEST_F(SessionKeeperTest, SessionWhoseProcessIsGoneIsForgotten) {
  const std::string alice = open('a', "alice");
  const std::string bob = open('b', "bob");
  ender.seen = {.live = {bob}, .gone = {alice}};
  pass(1s);
  ASSERT_EQ(keeper.sessions().size(), 1U);
  EXPECT_EQ(keeper.sessions()[0].login->id, bob);
  EXPECT_THAT(store.closed, ElementsAre(alice));
  ender.seen = {};  // its note went, and the answer that said so got lost
  pass(61s);
  EXPECT_THAT(keeper.sessions(), IsEmpty());
}

TEST_F(SessionKeeperTest, SessionThatEnddRefusesIsKeptAndLoudAndEndsOnceItIsNotRefused) {
  const std::string alice = open('a', "alice");
  ender.seen = {.live = {alice}};
  pass(1s);
  ender.seen = {.refused = {alice}, .why = "the process cannot be looked at"};
  pass(61s);
  pass(61s);
  EXPECT_EQ(state(alice), State::refused);
  EXPECT_THAT(keeper.trouble().value_or(""),
              HasSubstr("1 session cannot be ended: the process cannot be looked at"));
  EXPECT_EQ(journal.count("a session cannot be ended: latchkey-endd refuses it"), 1U);
  EXPECT_THAT(store.closed, IsEmpty());
  ender.seen = {.live = {alice}};
  pass(61s);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  EXPECT_EQ(ender.asked.size(), 1U);
}

TEST_F(SessionKeeperTest, SessionWithoutANoteIsKeptAndSaidToBeBeyondReach) {
  const std::string alice = open('a', "alice");
  ender.seen = {};
  pass(1s);
  EXPECT_EQ(state(alice), State::open) << "its note may be on its way";
  pass(61s);
  EXPECT_EQ(state(alice), State::no_note);
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("1 session cannot be ended"));
}

TEST_F(SessionKeeperTest, SessionWithoutANoteAndWithoutAProcessWasClosedUnheard) {
  const std::string alice = open('a', "alice", "long", 4'712);
  const std::string bob = open('b', "bob", "long", 4'713);
  ended = {4'712};
  ender.seen = {};  // this daemon never saw a note of either
  pass(61s);
  ASSERT_EQ(keeper.sessions().size(), 1U);
  EXPECT_EQ(state(bob), State::no_note);
  EXPECT_THAT(store.closed, ElementsAre(alice));
}

TEST_F(SessionKeeperTest, SessionThatEnddRefusesIsKeptThoughItsPidIsNobodysHere) {
  const std::string alice = open('a', "alice", "long", 4'712);
  ended = {4'712};
  ender.seen = {.refused = {alice}, .why = "the process cannot be looked at"};
  pass(61s);
  EXPECT_EQ(state(alice), State::refused);
}

TEST_F(SessionKeeperTest, RevokedSessionThatWasClosedUnheardIsAskedForOnce) {
  const std::string alice = open('a', "alice", "long", 4'712);
  ended = {4'712};
  ender.answer = {Outcome::unknown, "there is no note of that login", {}};
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(61s);
  EXPECT_EQ(ender.asked.size(), 1U);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  EXPECT_EQ(journal.count("a session that is to end cannot be ended yet"), 0U);
  EXPECT_THAT(store.closed, ElementsAre(alice));
}

TEST_F(SessionKeeperTest, SessionThatCouldNotBeEndedAndWasClosedUnheardIsStillSaidToBeThat) {
  const std::string alice = open('a', "alice", "long", 4'712);
  ender.seen = {};
  ender.answer = {Outcome::unknown, "there is no note of that login", {}};
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.revocations_changed();
  pass(61s);
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("1 session that should have ended"));
  ended = {4'712};
  pass(31s);
  pass(1s);
  EXPECT_EQ(keeper.trouble(), std::nullopt);
  EXPECT_EQ(journal.count("a session was closed that nobody could end"), 1U);
}

TEST_F(SessionKeeperTest, AdministratorIsToldThatASessionClosedUnheardIsGone) {
  const std::string alice = open('a', "alice", "long", 4'712);
  ended = {4'712};
  ender.answer = {Outcome::unknown, "there is no note of that login", {}};
  std::optional<SessionEnder::Answer> answer;
  keeper.end(alice, [&](auto given) { answer = given; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, Outcome::gone);
}

TEST_F(SessionKeeperTest, WhetherAnybodyAnswersIsKnownWithoutASession) {
  ender.unreachable = "connection refused";
  pass(1s);
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("connection refused"));
}

TEST_F(SessionKeeperTest, WhatWasRevokedWhileTheDaemonWasAwayEndsAtItsStart) {
  const std::string alice = open('a', "alice");
  revoked({{.kind = Kind::user, .value = "alice"}});
  keeper.tick();
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s revoked session"));
}

TEST_F(SessionKeeperTest, AdministratorEndsASessionByItsId) {
  const std::string alice = open('a', "alice");
  std::optional<SessionEnder::Answer> answer;
  keeper.end(alice, [&](auto given) { answer = given; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, Outcome::ending);
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s administrator session"));
  bool none = false;
  keeper.end(std::string(32, 'f'), [&](auto given) { none = !given; });
  EXPECT_TRUE(none);
}

}  // namespace
}  // namespace latchkey::latchkeyd::session_keeper_test
