// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/ender.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/endd/ender_host.h"

namespace latchkey::endd {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::EnderTest;
using ::testing::IsEmpty;
using testing::kLogin;
using testing::World;

TEST_F(EnderTest, SessionIsToldAtOnceAndEndedByLogindWhenTheGraceIsOver) {
  logind.session = "c7";
  EXPECT_EQ(end(10), "ending");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], ::testing::StartsWith("2 of 1000: Latchkey: this session ends in 10 s"));
  EXPECT_EQ(ender->next(), now + seconds(10));
  pass(seconds(9));
  EXPECT_THAT(logind.done, IsEmpty());
  pass(seconds(1));
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
  EXPECT_THAT(signalled, IsEmpty());
}

TEST_F(EnderTest, SessionThatLogindDoesNotKnowIsEndedBySignals) {
  EXPECT_EQ(end(0), "ending");
  pass(seconds(0));
  EXPECT_THAT(signalled, ElementsAre(kLogin));
  pass(Ender::kPatience);
  EXPECT_THAT(logind.done, IsEmpty());
}

TEST_F(EnderTest, WhoLeavesBeforeTheEndLeavesNothingBehindInLogindsSession) {
  logind.session = "c7";
  EXPECT_EQ(end(10), "ending");
  world.end(500);
  pass(seconds(9));
  EXPECT_THAT(logind.done, IsEmpty());
  pass(seconds(1));
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
  pass(Ender::kPatience);
  EXPECT_THAT(logind.done, ElementsAre("terminate c7", "kill c7"));
  EXPECT_EQ(ender->next(), SteadyTime::max());
  EXPECT_THAT(signalled, IsEmpty());
}

TEST_F(EnderTest, WhoIsOfASessionWithoutLogindIsWatchedFromTheWordOn) {
  EXPECT_EQ(end(10), "ending");
  EXPECT_THAT(signalled, ElementsAre("watch " + std::string(kLogin)));
  EXPECT_EQ(end(5), "ending");
  EXPECT_EQ(signalled.size(), 2U) << "the shorter time holds";
  pass(seconds(5));
  EXPECT_EQ(signalled.back(), kLogin);
}

TEST_F(EnderTest, SessionIsEndedBySignalsWhereLogindFails) {
  logind.session = "c7";
  logind.fails = true;
  end(0);
  pass(seconds(0));
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
  EXPECT_THAT(signalled, ElementsAre(kLogin));
}

TEST_F(EnderTest, WholeUserIsNotEndedWhereTheUnitDoesNotSaySo) {
  logind.session = "c7";
  const auto answer = ender->end({kLogin, 0, "revoked", "user"}, now);
  EXPECT_EQ(answer.outcome, "ending");
  EXPECT_THAT(answer.why, ::testing::HasSubstr("not its whole user"));
  EXPECT_EQ(end(0, "user"), "ending");
  pass(seconds(0));
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
}

TEST_F(EnderTest, GraceTimeStaysWithinTheBoundsOfTheUnit) {
  limits = {.shortest_grace = seconds(5), .longest_grace = seconds(20)};
  ender = make();
  end(0);
  EXPECT_EQ(ender->next(), now + seconds(5));
  EXPECT_THAT(told[0], ::testing::HasSubstr("ends in 5 s"));
  ender = make();
  EXPECT_EQ(ender->end({kLogin, 300, "revoked", "session"}, now).ends_in_s, 20);
  EXPECT_EQ(ender->next(), now + seconds(20));
  now += std::chrono::milliseconds(4'500);
  EXPECT_EQ(ender->end({kLogin, 300, "revoked", "session"}, now).ends_in_s, 16);
  pass(seconds(16));
  EXPECT_EQ(ender->end({kLogin, 300, "revoked", "session"}, now).ends_in_s, 0);
}

TEST_F(EnderTest, WholeUserIsEndedWhereThatIsWanted) {
  limits.whole_user = true;
  ender = make();
  logind.session = "c7";
  end(0, "user");
  pass(seconds(0));
  EXPECT_THAT(logind.done, ElementsAre("terminate user 1000", "terminate c7"));
  EXPECT_THAT(signalled, ElementsAre(kLogin + " whole user")) << "at and cron are not logind's";
}

TEST_F(EnderTest, WholeUserIsWatchedFromTheWordOnSoThatItEndsThoughTheSessionIsLeft) {
  limits.whole_user = true;
  ender = make();
  logind.session = "c7";
  EXPECT_EQ(end(10, "user"), "ending");
  EXPECT_THAT(signalled, ElementsAre("watch " + kLogin + " whole user"));
}

TEST_F(EnderTest, SessionOfLogindEndsThoughNobodyTakesTheRestOfTheUser) {
  limits.whole_user = true;
  ender = make();
  logind.session = "c7";
  signal_answer = ipc::fault(ipc::FaultKind::denied, "nobody there");
  EXPECT_EQ(end(10, "user"), "ending");
  pass(seconds(10));
  EXPECT_THAT(logind.done, ElementsAre("terminate user 1000", "terminate c7"));
}

TEST_F(EnderTest, WholeUserIsNotEndedWhereLogindDoesNotSayWhoseTheSessionIs) {
  limits.whole_user = true;
  ender = make();
  end(0, "user");
  pass(seconds(0));
  EXPECT_THAT(logind.done, IsEmpty());
  EXPECT_THAT(signalled, ElementsAre(kLogin)) << "the session alone";
}

TEST_F(EnderTest, WholeUserOfASudoIsWhoCalledIt) {
  limits.whole_user = true;
  ender = make();
  world.put({.pid = 500, .comm = "sudo", .real_uid = 1000});
  world.note(World::text("sudo", "root", "alice"));
  // logind ends the sudo, too, and then nobody could say any more whose it was.
  logind.on_user = [this] { EXPECT_EQ(signalled.size(), 1U); };
  end(0, "user");
  pass(seconds(0));
  EXPECT_THAT(logind.done, ElementsAre("terminate user 1000"));
  EXPECT_THAT(signalled, ElementsAre(kLogin + " whole user"));
}

TEST_F(EnderTest, WholeUserEndsAlsoWhereTheSessionThatWasToldIsLeftBeforeItsEnd) {
  limits.whole_user = true;
  for (const bool sudo : {false, true}) {
    SCOPED_TRACE(sudo ? "a sudo" : "a session of logind");
    ender = make();
    logind.done.clear();
    logind.session = sudo ? std::nullopt : std::optional<std::string>("c7");
    world.ssh_session();
    if (sudo) {
      world.put({.pid = 500, .comm = "sudo", .real_uid = 1000});
      world.note(World::text("sudo", "root", "alice"));
    }
    end(10, "user");
    world.end(500);
    pass(seconds(10));
    ASSERT_FALSE(logind.done.empty());
    EXPECT_EQ(logind.done[0], "terminate user 1000");
  }
}

TEST_F(EnderTest, NobodyElsesEverythingEndsWhereLogindKnewNoSession) {
  limits.whole_user = true;
  ender = make();
  end(10, "user");
  world.end(500);
  pass(seconds(10));
  EXPECT_THAT(logind.done, IsEmpty());
  EXPECT_EQ(ender->next(), SteadyTime::max());
}

TEST_F(EnderTest, SessionThatLivesOnIsKilledByLogindAndThenGivenUp) {
  logind.session = "c7";
  end(0);
  pass(seconds(0));
  pass(Ender::kPatience);
  EXPECT_THAT(logind.done, ElementsAre("terminate c7", "kill c7"));
  pass(Ender::kPatience);
  EXPECT_EQ(ender->next(), SteadyTime::max());
  EXPECT_EQ(end(0), "ending") << "and may be asked for anew";
}

TEST_F(EnderTest, SessionThatIsAnotherLeadersByNowIsNotKilled) {
  const std::optional<std::string> whose[] = {"c8", std::nullopt};
  for (const std::optional<std::string>& later : whose) {
    logind.done.clear();
    logind.session = "c7";
    end(0);
    pass(seconds(0));
    logind.session = later;
    pass(Ender::kPatience);
    EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
    pass(Ender::kPatience);
  }
}

TEST_F(EnderTest, AskedTwiceItIsToldAndEndedOnce) {
  logind.session = "c7";
  end(10);
  EXPECT_EQ(end(10), "ending");
  EXPECT_EQ(end(300), "ending");
  EXPECT_EQ(told.size(), 1U);
  pass(seconds(10));
  EXPECT_EQ(end(10), "ending");
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
}

TEST_F(EnderTest, ShorterGraceCountsAndALongerOneDoesNot) {
  end(10);
  end(2);
  EXPECT_EQ(ender->next(), now + seconds(2));
  end(10);
  EXPECT_EQ(ender->next(), now + seconds(2));
}

TEST_F(EnderTest, ProcessThatGotThePidInTheGraceTimeIsLeftAlone) {
  end(10);
  signalled.clear();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .start = 900});
  pass(seconds(10));
  EXPECT_THAT(logind.done, IsEmpty());
  EXPECT_THAT(signalled, IsEmpty());
  EXPECT_EQ(ender->next(), SteadyTime::max());
}

TEST_F(EnderTest, NothingIsDoneAboutALoginThatIsNone) {
  EXPECT_EQ(end(0, "session", "fedcba9876543210fedcba9876543210"), "unknown");
  world.note(World::text("sshd", "root"));
  EXPECT_EQ(end(0), "refused");
  world.note(World::text());
  world.end(500);
  EXPECT_EQ(end(0), "gone");
  pass(seconds(60));
  EXPECT_THAT(told, IsEmpty());
  EXPECT_THAT(signalled, IsEmpty());
}

TEST_F(EnderTest, LookTellsWhatLivesAndRemovesTheNotesOfWhatDoesNot) {
  const std::string other = "fedcba9876543210fedcba9876543210";
  const std::string none = "00000000000000000000000000000000";
  world.note(World::text("sshd", "bob", "", 800), other);
  const auto seen = ender->look({{kLogin, other, none}});
  EXPECT_THAT(seen.live, ElementsAre(kLogin));
  EXPECT_THAT(seen.gone, ElementsAre(other));
  EXPECT_FALSE(std::filesystem::exists(world.path(other)));
  EXPECT_TRUE(std::filesystem::exists(world.path()));
  EXPECT_THAT(seen.refused, IsEmpty());
}

TEST_F(EnderTest, LookTellsWhatItRefusesApartAndLeavesItsNote) {
  world.note(World::text("cron"));
  const auto seen = ender->look({{kLogin}});
  EXPECT_THAT(seen.live, IsEmpty());
  EXPECT_THAT(seen.gone, IsEmpty());
  EXPECT_THAT(seen.refused, ElementsAre(kLogin));
  EXPECT_EQ(seen.why, "sessions of that service are not ended");
  EXPECT_TRUE(std::filesystem::exists(world.path()));
}

TEST_F(EnderTest, OldNoteOfAProcessThatIsGoneIsRemovedThoughNobodyAsksForIt) {
  const std::string old = "fedcba9876543210fedcba9876543210";
  const std::string fresh = "00000000000000000000000000000000";
  const auto ago = std::filesystem::file_time_type::clock::now() - std::chrono::minutes(11);
  for (const std::string& login : {old, fresh})
    world.note(World::text("sshd", "bob", "", 800), login);
  std::filesystem::last_write_time(world.path(old), ago);
  std::filesystem::last_write_time(world.path(), ago);
  ender->look({std::vector<std::string>(ipc::control::kLooksMost, kLogin)});
  EXPECT_TRUE(std::filesystem::exists(world.path(old))) << "there is another page to come";
  ender->look({});
  EXPECT_FALSE(std::filesystem::exists(world.path(old)));
  EXPECT_TRUE(std::filesystem::exists(world.path(fresh))) << "latchkeyd may ask for it yet";
  EXPECT_TRUE(std::filesystem::exists(world.path())) << "it lives";
}

TEST_F(EnderTest, OneJobIsSeenToInARound) {
  const std::string other = "fedcba9876543210fedcba9876543210";
  world.note(World::text(), other);
  end(1);
  signalled.clear();
  end(0, "session", other);
  ender->tick(now + seconds(1));
  EXPECT_THAT(signalled, ElementsAre(other)) << "the one that has been due for longer";
  EXPECT_EQ(ender->next(), now + seconds(1));
  ender->tick(now + seconds(1));
  EXPECT_THAT(signalled, ElementsAre(other, kLogin));
}

TEST_F(EnderTest, NoMoreThanItsBoundAreUnderWay) {
  jobs_most = 3;
  ender = make();
  for (std::size_t i = 0; i < jobs_most; ++i) {
    const std::string id = std::to_string(i) + kLogin.substr(1);
    world.note(World::text(), id);
    EXPECT_EQ(end(10, "session", id), "ending");
  }
  world.note(World::text(), "f" + kLogin.substr(1));
  EXPECT_EQ(end(10, "session", "f" + kLogin.substr(1)), "refused");
}

TEST_F(EnderTest, AsManyMayBeUnderWayAsLatchkeydKeepsLogins) {
  EXPECT_EQ(Ender::kJobsMost, 16'384U);
  EXPECT_EQ(Signaller::kJobsMost, Ender::kJobsMost);
}

}  // namespace
}  // namespace latchkey::endd
