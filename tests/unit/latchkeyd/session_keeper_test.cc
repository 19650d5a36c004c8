// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/session_keeper.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/service/session_hits.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/latchkeyd/null_store.h"
#include "tests/unit/latchkeyd/session_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using Outcome = SessionEnder::Outcome;
using State = SessionKeeper::State;
using revocation::Kind;

constexpr std::array<std::uint8_t, 16> kSecret{};

class SessionKeeperTest : public ::testing::Test {
 protected:
  SessionKeeperTest() {
    config::Config config;
    config.issuers.push_back({testing::issuer_config("corp"), {}});
    config.access.push_back({.name = "short", .services = {"sshd"}});
    config.access.back().end_session_at_expiry = true;
    config.access.push_back({.name = "long", .services = {"sshd"}});
    config_of(std::move(config));
    revoked({});
  }

  void config_of(config::Config config) {
    snapshot.config = std::make_shared<const config::Config>(std::move(config));
  }
  void revoked(std::vector<revocation::Revocation> all) {
    snapshot.revocations = std::make_shared<const revocation::RevocationSet>(
        revocation::RevocationSet::build(all, kSecret));
  }
  std::string open(char name, const std::string& user, const std::string& rule = "long") {
    const std::string id(32, name);
    claims::ClaimsRecord claims;
    claims.issuer = snapshot.config->issuers[0].config.issuer;
    claims.subject = "s-" + user;
    claims.token_id = "jti-" + std::string(1, name);
    claims.session = "sid-" + user;
    claims.key_id = "thumb-" + user;
    claims.issued_at = clock.wall() - 1min;
    claims.expires_at = clock.wall() + 1h;
    logins.put(std::make_shared<const Login>(Login{.id = id,
                                                   .service = "sshd",
                                                   .user = user,
                                                   .claims = claims,
                                                   .started_at = clock.wall(),
                                                   .rule = rule}));
    logins.place(id, user, {.pid = 4'711, .opened_at = clock.wall()});
    return id;
  }
  void pass(std::chrono::milliseconds by) {
    clock.advance(by);
    keeper.tick();
  }
  State state(const std::string& id) {
    for (const auto& session : keeper.sessions())
      if (session.login->id == id) return session.state;
    ADD_FAILURE() << "no such session";
    return State::open;
  }

  testing::FakeClock clock;
  testing::FakeJournal journal;
  testing::NullStore store;
  LoginBook logins;
  testing::FakeEnder ender;
  Snapshot snapshot;
  SessionKeeper keeper{{.clock = clock,
                        .journal = journal,
                        .store = store,
                        .logins = logins,
                        .ender = ender,
                        .snapshot = [this]() -> const Snapshot& { return snapshot; }}};
};

TEST_F(SessionKeeperTest, EachKindOfRevocationHitsItsLoginAndNoOther) {
  const std::string iss = snapshot.config->issuers[0].config.issuer;
  const std::string alice = open('a', "alice");
  open('b', "bob");
  struct Case {
    revocation::Revocation revocation;
    Reason want;
  };
  const Case cases[] = {
      {{.kind = Kind::token, .issuer = iss, .value = "jti-a"}, Reason::revoked_token},
      {{.kind = Kind::subject, .issuer = iss, .value = "s-alice", .before = clock.wall()},
       Reason::revoked_subject},
      {{.kind = Kind::user, .value = "alice"}, Reason::revoked_user},
  };
  for (const Case& each : cases) {
    revoked({each.revocation});
    const auto hit = hits(snapshot, logins.all());
    ASSERT_EQ(hit.size(), 1U) << row(each.want).code;
    EXPECT_EQ(hit[0].login->id, alice);
    EXPECT_EQ(hit[0].reason, each.want);
  }
  revoked(
      {{.kind = Kind::subject, .issuer = iss, .value = "s-alice", .before = clock.wall() - 1h}});
  EXPECT_THAT(hits(snapshot, logins.all()), IsEmpty()) << "its token is a later one";
}

TEST_F(SessionKeeperTest, LoginThatHasOpenedNoSessionIsNotHit) {
  logins.put(std::make_shared<const Login>(Login{.id = std::string(32, 'c'), .user = "alice"}));
  revoked({{.kind = Kind::user, .value = "alice"}});
  EXPECT_THAT(hits(snapshot, logins.all()), IsEmpty());
}

TEST_F(SessionKeeperTest, LoginWhoseStatusListRevokesItsTokenIsHitAndOthersOfTheListAreNot) {
  const std::string iss = snapshot.config->issuers[0].config.issuer;
  const std::string uri = "https://status.example.com/1";
  const auto refer = [&](char name, std::uint64_t index) {
    const std::string id = open(name, std::string(1, name));
    for (const auto& each : logins.all()) {
      if (each->id != id) continue;
      Login login = *each;
      login.claims.status_uri = uri;
      login.claims.status_index = index;
      logins.close(login.id, login.user);
      logins.put(std::make_shared<const Login>(login));
    }
    return id;
  };
  refer('v', 0);
  const std::string revoked_one = refer('r', 1);
  const std::string suspended = refer('s', 2);
  auto list = revocation::StatusList::unpack(
      2, std::string_view("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9), 100);
  ASSERT_TRUE(list);
  snapshot.statuses =
      std::make_shared<const revocation::StatusLists>(std::vector{revocation::HeldStatusList{
          .issuer = iss,
          .uri = uri,
          .token = std::make_shared<const revocation::StatusListToken>(
              revocation::StatusListToken{*std::move(list), uri, {}, {}, {}, ""})}});
  EXPECT_THAT(logins.status_lists(), ElementsAre(std::pair(iss, uri)));
  std::vector<std::string> hit;
  for (const Hit& each : hits(snapshot, logins.all()))
    hit.push_back(each.login->id + " " + std::string(row(each.reason).code));
  EXPECT_THAT(hit, ::testing::UnorderedElementsAre(revoked_one + " status_revoked",
                                                   suspended + " status_suspended"));
  keeper.revocations_changed();
  EXPECT_EQ(journal.count("entry=" + uri + " source=status list"), 2U);
}

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
  EXPECT_EQ(journal.count("reason=revoked_token entry=jti=jti-a"), 1U);
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

TEST_F(SessionKeeperTest, WhetherAnybodyAnswersIsKnownWithoutASession) {
  ender.unreachable = "connection refused";
  pass(1s);
  EXPECT_THAT(keeper.trouble().value_or(""), HasSubstr("connection refused"));
}

TEST_F(SessionKeeperTest, TokensEndEndsTheSessionWhereItsRuleSaysSo) {
  const std::string alice = open('a', "alice", "short");
  open('b', "bob", "long");
  const auto leeway = snapshot.config->issuers[0].config.claims.leeway;
  ender.seen = {.live = {alice, std::string(32, 'b')}};
  pass(1h + leeway - 1ms);
  EXPECT_THAT(ender.asked, IsEmpty());
  EXPECT_LE(keeper.next_tick(), clock.steady() + 1ms);
  pass(1ms);
  EXPECT_THAT(ender.asked, ElementsAre(alice + " 10s expired session"));
}

TEST_F(SessionKeeperTest, RuleThatIsGoneEndsNoSession) {
  open('a', "alice", "a rule of yesterday");
  ender.seen = {.live = {std::string(32, 'a')}};
  pass(10h);
  EXPECT_THAT(ender.asked, IsEmpty());
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
}  // namespace latchkey::latchkeyd
