// SPDX-License-Identifier: Apache-2.0
//
// Everything of a user ends: what is theirs beside the session, and what is not.
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/endd/signaller_host.h"

namespace latchkey::endd {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using testing::kLogin;
using testing::SignallerTest;
using testing::World;

// Beside the session: a job of cron's with a login of its own and one of at's without, what bob
// began in alice's name, a daemon of root's, and what is bob's.
class WholeUserTest : public SignallerTest {
 protected:
  WholeUserTest() : SignallerTest(true) {
    world.put({.pid = 300, .comm = "cron", .session = 300});
    world.put({.pid = 301, .parent = 300, .comm = "cron", .session = 300, .audit = 7});
    world.put(
        {.pid = 600, .parent = 301, .session = 600, .uid = 1000, .audit = 7, .login_uid = 1000});
    world.put(
        {.pid = 601, .parent = 600, .session = 600, .uid = 1000, .audit = 7, .login_uid = 1000});
    world.put({.pid = 610, .session = 610, .uid = 1000});
    world.put(
        {.pid = 620, .comm = "sudo", .uid = 0, .audit = 8, .login_uid = 1001, .real_uid = 1001});
    world.put({.pid = 621, .parent = 620, .uid = 1000, .audit = 8, .login_uid = 1001});
    world.put({.pid = 630, .session = 630, .uid = 1001});
    on_signal = [this](pid_t pid, int signal) {
      if (signal == SIGTERM && pid != 601) world.end(pid);
      if (signal == SIGKILL) world.end(pid);
    };
  }
};

TEST_F(WholeUserTest, JobsOfCronAndAtEndAndNobodyElsesProcesses) {
  EXPECT_EQ(signaller.end({kLogin, 0, "user"}, now).outcome, "ending");
  signaller.tick(now);
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502", "TERM 600",
                                                          "TERM 601", "TERM 610"));
  // What it makes of its end, in a session of its own.
  world.put(
      {.pid = 602, .parent = 601, .session = 602, .uid = 1000, .audit = 7, .login_uid = 1000});
  // Whoever comes in by another token meanwhile stays.
  world.put(
      {.pid = 700, .parent = 400, .session = 700, .uid = 1000, .audit = 9, .login_uid = 1000});
  run();
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 601", "KILL 602"));
}

TEST_F(WholeUserTest, WhatIsTheUsersByItsEffectiveIdOrItsNumberAloneLivesOn) {
  // A service of root's that acts as alice just now, and a container's user of the same number.
  world.put({.pid = 640, .session = 640, .uid = 1000, .real_uid = 0});
  world.put({.pid = 641, .parent = 640, .session = 640});
  world.put({.pid = 650, .session = 650, .uid = 1000, .contained = true});
  signaller.end({kLogin, 0, "user"}, now);
  run();
  for (const pid_t pid : {640, 641, 650}) EXPECT_THAT(of(word(pid, SIGSTOP)), IsEmpty()) << pid;
}

TEST_F(WholeUserTest, WhereTheKernelKnowsLoginsTheUsersOwnEndAndNoOthers) {
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 5, .login_uid = 1000});
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("TERM"), ::testing::Contains("TERM 601"));
  EXPECT_THAT(of("STOP 610"), IsEmpty()) << "began in no login, such as a service's";
  // Another one's login that was begun from within a job of hers.
  world.put(
      {.pid = 603, .parent = 601, .session = 603, .uid = 1001, .audit = 12, .login_uid = 1001});
  // It ends itself and goes on as a child of nobody's.
  on_signal = {};
  world.end(600);
  world.end(601);
  world.put({.pid = 604, .session = 604, .uid = 1000, .audit = 7, .login_uid = 1000});
  run();
  EXPECT_THAT(of("KILL"), ::testing::Contains("KILL 604"));
  EXPECT_THAT(of("STOP 603"), IsEmpty());
}

TEST_F(WholeUserTest, WhatASudoRunsIsKilledAndTheRestOfTheUserIsAskedFirst) {
  world.put({.pid = 500, .comm = "sudo", .real_uid = 1000});
  world.note(World::text("sudo", "root", "alice"));
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL || (signal == SIGTERM && pid == 610)) world.end(pid);
  };
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 501", "KILL 502"));
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 600", "TERM 601", "TERM 610"));
  for (const std::string pid : {"600", "601"})
    EXPECT_EQ(of("STOP " + pid).size(), of("CONT " + pid).size()) << pid;
  sent.clear();
  signaller.tick(now += Signaller::kPatience - 1s);
  EXPECT_THAT(of("KILL"), IsEmpty());
  EXPECT_THAT(of("STOP"), IsEmpty()) << "they have their time";
  signaller.tick(now += 2s);
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 600", "KILL 601"));
  run();
}

// With a terminal of its own sudo has a process in between that keeps the caller's real id.
TEST_F(WholeUserTest, WhatASudoRunsIsKilledAtOnceAlsoWhereTheUsersLoginIsAroundIt) {
  world.put(
      {.pid = 500, .parent = 502, .comm = "sudo", .audit = 5, .login_uid = 1000, .real_uid = 1000});
  world.put({.pid = 502, .session = 502, .uid = 1000, .audit = 5, .login_uid = 1000});
  world.end(501);
  world.put({.pid = 701,
             .parent = 500,
             .comm = "sudo",
             .session = 701,
             .audit = 5,
             .login_uid = 1000,
             .real_uid = 1000});
  world.put({.pid = 702, .parent = 701, .session = 702, .audit = 5, .login_uid = 1000});
  world.note(World::text("sudo", "root", "alice"));
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 701", "KILL 702"));
  EXPECT_THAT(of("TERM 702"), IsEmpty());
  EXPECT_THAT(of("TERM"), ::testing::Contains("TERM 502")) << "the session around it";
  run();
}

TEST_F(WholeUserTest, WhatBeganMeanwhileEndsForASessionThatComesLaterAndNotForTheSameOne) {
  const std::string second = more_sessions(1).front();
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL || (signal == SIGTERM && pid != 601 && pid < 1'000)) world.end(pid);
  };
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  world.put({.pid = 660, .session = 660, .uid = 1000});
  signaller.end({kLogin, 0, "user"}, now += 1s);
  signaller.tick(now);
  EXPECT_THAT(of("TERM 660"), IsEmpty());
  EXPECT_EQ(signaller.end({second, 0, "user"}, now += 1s).outcome, "ending");
  signaller.tick(now);
  EXPECT_EQ(of("TERM 660").size(), 1U);
  run();
  EXPECT_THAT(of("KILL 660"), IsEmpty());
  EXPECT_EQ(of("KILL 601").size(), 1U);
}

TEST_F(WholeUserTest, EachSessionTakesInWhatThereIsWhenItBeginsToEnd) {
  const std::string second = more_sessions(1).front();
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL || (signal == SIGTERM && pid != 601)) world.end(pid);
  };
  signaller.end({kLogin, 0, "user"}, now);
  signaller.end({second, 20, "user"}, now);
  const SteadyTime began = now;
  signaller.tick(now);
  EXPECT_EQ(of("TERM 601").size(), 1U);
  world.put({.pid = 660, .session = 660, .uid = 1000});
  while (signaller.next() < began + 20s) signaller.tick(now = signaller.next());
  EXPECT_EQ(of("KILL 601").size(), 1U) << "its time was over long ago";
  EXPECT_THAT(of("STOP 660"), IsEmpty());
  signaller.tick(now = began + 20s);
  EXPECT_EQ(of("TERM 660").size(), 1U);
  run();
}

TEST_F(WholeUserTest, WhoIsToldLaterHasNoLongerTimeForWhatHeardBefore) {
  const std::string second = more_sessions(1).front();
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  const SteadyTime began = now;
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  signaller.tick(now += Signaller::kPatience - 1s);
  signaller.end({second, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("KILL"), IsEmpty());
  while (signaller.next() <= began + Signaller::kPatience) signaller.tick(now = signaller.next());
  EXPECT_THAT(of("KILL"), ::testing::IsSupersetOf({"KILL 600", "KILL 601", "KILL 610"}));
  run();
}

TEST_F(WholeUserTest, WhatASudoRunsWithinTheSessionThatEndsIsKilledAndNotAsked) {
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 5, .login_uid = 1000});
  world.put(
      {.pid = 501, .parent = 500, .comm = "sshd", .uid = 1000, .audit = 5, .login_uid = 1000});
  world.put(
      {.pid = 502, .parent = 501, .session = 502, .uid = 1000, .audit = 5, .login_uid = 1000});
  world.put(
      {.pid = 503, .parent = 502, .comm = "sudo", .audit = 5, .login_uid = 1000, .real_uid = 1000});
  world.put({.pid = 504, .parent = 503, .session = 504, .audit = 5, .login_uid = 1000});
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("TERM 504"), IsEmpty());
  EXPECT_EQ(of("KILL 504").size(), 1U);
  EXPECT_EQ(of("TERM 503").size(), 1U);
}

TEST_F(WholeUserTest, WhoCameInAfterTheEndStaysThoughItsSessionLivesOnAndIsAskedForAgain) {
  on_signal = [this](pid_t pid, int signal) {
    if ((signal == SIGTERM || signal == SIGKILL) && pid != 502) world.end(pid);
  };
  signaller.end({kLogin, 0, "user"}, now);
  const SteadyTime began = now;
  while (signaller.next() < began + 20s) signaller.tick(now = signaller.next());
  world.put({.pid = 660, .session = 660, .uid = 1000});
  EXPECT_EQ(signaller.end({kLogin, 0, "user"}, now += 1s).outcome, "ending");
  while (signaller.next() < began + 120s) signaller.tick(now = signaller.next());
  EXPECT_THAT(of("STOP 660"), IsEmpty());
  world.end(502);
  while (signaller.next() != SteadyTime::max()) signaller.tick(now = signaller.next());
}

// unshare(1) would be a way around every end.
TEST_F(WholeUserTest, WhatTheUserBeganInAContainerEnds) {
  world.put(
      {.pid = 651, .session = 651, .uid = 1000, .audit = 20, .login_uid = 1000, .contained = true});
  world.put({.pid = 605,
             .parent = 601,
             .session = 605,
             .uid = 1000,
             .audit = 7,
             .login_uid = 1000,
             .contained = true});
  signaller.end({kLogin, 0, "user"}, now);
  run();
  EXPECT_EQ(of("TERM 605").size(), 1U);
  EXPECT_EQ(of("TERM 651").size(), 1U);
}

TEST_F(WholeUserTest, NothingFollowsFromALookThatFails) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL || (signal == SIGTERM && pid < 600)) world.end(pid);
  };
  looks_fail = true;
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  looks_fail = false;
  // What the user has is looked at behind the session.
  on_look = [this] { looks_fail = looks % 2 == 1; };
  signaller.tick(now = signaller.next());
  EXPECT_EQ(of("TERM 501").size(), 1U);
  EXPECT_THAT(of("TERM 610"), IsEmpty());
  on_look = {};
  looks_fail = false;
  signaller.tick(now = signaller.next());
  EXPECT_EQ(of("TERM 610").size(), 1U);
  looks_fail = true;
  while (signaller.next() < now + 9s) signaller.tick(signaller.next());
  looks_fail = false;
  now += 9s;
  run();
  EXPECT_THAT(of("KILL"), ::testing::IsSupersetOf({"KILL 600", "KILL 601", "KILL 610"}));
}

TEST_F(WholeUserTest, WhatLivesOnIsKilledAgainAndNobodyElseIs) {
  on_signal = [this](pid_t pid, int signal) {
    if ((signal == SIGTERM || signal == SIGKILL) && pid != 610) world.end(pid);
  };
  signaller.end({kLogin, 0, "user"}, now);
  const SteadyTime began = now;
  while (signaller.next() < began + 20s) signaller.tick(now = signaller.next());
  EXPECT_GE(of("KILL 610").size(), static_cast<std::size_t>(Signaller::kRoundsMost));
  sent.clear();
  world.put({.pid = 660, .session = 660, .uid = 1000});
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  while (signaller.next() != SteadyTime::max()) signaller.tick(now = signaller.next());
  EXPECT_THAT(of("KILL"), ::testing::ElementsAre("KILL 610"));
}

TEST_F(WholeUserTest, SessionsThatBeginTogetherShareWhatTheUserHas) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL || (signal == SIGTERM && pid != 610)) world.end(pid);
  };
  for (const std::string& login : more_sessions(8)) signaller.end({login, 0, "user"}, now);
  run();
  EXPECT_EQ(of("KILL 610").size(), 1U);
}

TEST_F(WholeUserTest, WhatAnotherSudoOfTheUsersRunsIsKilledAtOnce) {
  world.put(
      {.pid = 670, .parent = 601, .comm = "sudo", .audit = 7, .login_uid = 1000, .real_uid = 1000});
  world.put({.pid = 671, .parent = 670, .session = 671, .audit = 7, .login_uid = 1000});
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("TERM 671"), IsEmpty());
  EXPECT_EQ(of("KILL 671").size(), 1U);
  EXPECT_EQ(of("TERM 670").size(), 1U);
}

TEST_F(WholeUserTest, ProcessOfManyLoginsIsAskedOnce) {
  for (const std::string& login : more_sessions(8)) signaller.end({login, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_EQ(of("TERM 610").size(), 1U);
  EXPECT_EQ(of("CONT 610").size(), 1U);
}

TEST_F(WholeUserTest, TheRestOfTheUserEndsThoughTheSessionAloneDoesSoAlready) {
  on_signal = {};
  signaller.end({kLogin, 0, "session"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("TERM 600"), IsEmpty());
  signaller.end({kLogin, 0, "user"}, now);
  signaller.tick(now);
  EXPECT_EQ(of("TERM 600").size(), 1U);
}

TEST_F(WholeUserTest, WhatTheUserHasEndsThoughTheSessionWasLeftBefore) {
  EXPECT_EQ(signaller.end({kLogin, 10, "user"}, now).outcome, "ending");
  for (const pid_t pid : {500, 501, 502}) world.end(pid);
  run();
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 600", "TERM 601", "TERM 610"));
}

TEST_F(WholeUserTest, TheSessionAloneEndsWhereNobodyAsksForMoreOrTheUnitDoesNotSaySo) {
  EXPECT_EQ(signaller.end({kLogin, 0, "session"}, now).why, "");
  signaller.tick(now);
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502"));
  world.ssh_session();
  sent.clear();
  Signaller of_the_session(parts(false));
  EXPECT_THAT(of_the_session.end({kLogin, 0, "user"}, now).why,
              ::testing::HasSubstr("not its whole user"));
  of_the_session.tick(now);
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502"));
}

}  // namespace
}  // namespace latchkey::endd
