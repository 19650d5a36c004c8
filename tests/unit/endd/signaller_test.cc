// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/signaller.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/endd/signaller_host.h"

namespace latchkey::endd {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kLogin;
using testing::SignallerTest;
using testing::World;

TEST_F(SignallerTest, WhoIsToldIsWatchedAndWhatHeLeavesBehindEnds) {
  EXPECT_EQ(signaller.end({kLogin, 10, "session"}, now).outcome, "ending");
  signaller.tick(now += 1s);
  EXPECT_THAT(sent, IsEmpty());
  world.end(500);  // he leaves; one of two goes along
  world.end(501);
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  while (signaller.next() < SteadyTime(std::chrono::hours(1)) + 10s)
    signaller.tick(now = signaller.next());
  EXPECT_THAT(sent, IsEmpty());
  run();
  EXPECT_THAT(of("TERM"), ElementsAre("TERM 502"));
  EXPECT_THAT(of("KILL"), ::testing::Contains("KILL 502"));
}

TEST_F(SignallerTest, WhoIsAskedForAgainIsGivenTheShorterTime) {
  EXPECT_EQ(signaller.end({kLogin, 10, "session"}, now).processes, 2);
  EXPECT_EQ(signaller.end({kLogin, 20, "session"}, now).outcome, "ending");
  signaller.tick(now);
  EXPECT_THAT(sent, IsEmpty());
  end();
  EXPECT_EQ(of("TERM").size(), 2U);
  end();
  EXPECT_EQ(of("TERM").size(), 2U) << "an end that was asked for twice happens once";
}

TEST_F(SignallerTest, AllAreStoppedBeforeOneHearsOfItsEndAndTheHostProcessIsLeftForLast) {
  EXPECT_EQ(end(), "ending");
  EXPECT_THAT(of("STOP"), ::testing::UnorderedElementsAre("STOP 501", "STOP 502"));
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502"));
  EXPECT_THAT(of("CONT"), ::testing::UnorderedElementsAre("CONT 501", "CONT 502"));
  EXPECT_THAT(sent[0] + sent[1], ::testing::Not(::testing::HasSubstr("TERM")));
  EXPECT_THAT(sent[sent.size() - 1] + sent[sent.size() - 2],
              ::testing::Not(::testing::HasSubstr("TERM")));
  EXPECT_THAT(of("KILL"), IsEmpty());
  for (const pid_t pid : {501, 502}) world.end(pid);
  signaller.tick(now += Signaller::kEvery);
  EXPECT_EQ(of("TERM").back(), "TERM 500");
  world.end(500);
  run();
  EXPECT_THAT(of("KILL"), IsEmpty());
}

TEST_F(SignallerTest, ProcessThatWasForkedWhileOthersWereStoppedIsStoppedToo) {
  on_signal = [this](pid_t pid, int signal) {
    if (pid == 502 && signal == SIGSTOP)
      world.put({.pid = 503, .parent = 502, .start = 200, .session = 503, .uid = 1000});
    if (pid == 503 && signal == SIGSTOP)
      world.put({.pid = 504, .parent = 503, .start = 201, .session = 504, .uid = 1000});
  };
  end();
  EXPECT_THAT(of("TERM"),
              ::testing::UnorderedElementsAre("TERM 501", "TERM 502", "TERM 503", "TERM 504"));
}

TEST_F(SignallerTest, WhatIsLeftIsKilled) {
  end();
  world.end(500);
  world.end(501);
  // The shell lost its parents and lives on; its pid is known from before.
  world.put({.pid = 502, .parent = 1, .start = 102, .session = 502, .uid = 1000});
  signaller.tick(now + Signaller::kPatience - std::chrono::milliseconds(1));
  EXPECT_THAT(of("KILL"), IsEmpty());
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  run();
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 502"));
}

// Two that a handler of SIGTERM made before it ended: one is in the POSIX session, whose leader and
// host process have gone; its child is made between two looks.
TEST_F(SignallerTest, ProcessThatWasForkedOnSigtermIsKilled) {
  end();
  for (const pid_t pid : {500, 501, 502}) world.end(pid);
  world.put({.pid = 600, .parent = 1, .start = 300, .session = 502, .uid = 1000});
  on_signal = [this](pid_t pid, int signal) {
    if (pid == 600 && signal == SIGSTOP)
      world.put({.pid = 601, .parent = 600, .start = 301, .session = 601, .uid = 1000});
    if (signal == SIGKILL) world.end(pid);
  };
  run();
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 600", "KILL 601"));
}

TEST_F(SignallerTest, HostProcessIsKilledLastAndOnlyWhereItDoesNotEndByItself) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  end();
  run();
  const auto kills = of("KILL");
  ASSERT_EQ(kills.size(), 3U);
  EXPECT_EQ(kills.back(), "KILL 500");
}

TEST_F(SignallerTest, WhatSudoRunsIsKilledWithoutAChanceToFork) {
  world.put({.pid = 700, .parent = 502, .comm = "sudo", .start = 200, .real_uid = 1000});
  world.put({.pid = 701, .parent = 700, .start = 201, .session = 701});
  world.note(World::text("sudo", "root", "alice", 700, 200));
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  end();
  EXPECT_THAT(sent, ElementsAre("STOP 701", "KILL 701"));
  signaller.tick(now += Signaller::kEvery);
  EXPECT_THAT(sent, ElementsAre("STOP 701", "KILL 701", "TERM 700", "CONT 700"));
}

TEST_F(SignallerTest, WhatCannotBeKilledIsLeftForAWhileAndTriedAgain) {
  const SteadyTime began = now;
  SteadyTime last_kill;
  on_signal = [&](pid_t /*pid*/, int signal) {
    if (signal == SIGKILL) last_kill = now;
  };
  end();
  while (signaller.next() < began + 20s) signaller.tick(now = signaller.next());
  EXPECT_LE(last_kill - began, std::chrono::seconds(10)) << "latchkey-endd looks then";
  EXPECT_EQ(of("KILL").back(), "KILL 500");
  EXPECT_GE(of("KILL 502").size(), static_cast<std::size_t>(Signaller::kRoundsMost));
  sent.clear();
  EXPECT_EQ(signaller.end({kLogin, 0, "session"}, now).outcome, "ending");
  const SteadyTime again = last_kill + Signaller::kAgain;
  while (signaller.next() < again) signaller.tick(now = signaller.next());
  EXPECT_THAT(sent, IsEmpty()) << "whoever asks meanwhile hurries nothing";
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  run();
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 501", "KILL 502", "KILL 500"));
  EXPECT_EQ(signaller.next(), SteadyTime::max());
}

TEST_F(SignallerTest, AllThatAreWatchedShareALook) {
  const auto logins = more_sessions(40);
  for (const std::string& login : logins) {
    EXPECT_EQ(signaller.end({login, 10, "session"}, now += 3ms).outcome, "ending");
    signaller.tick(now);  // as the server does between two calls
  }
  EXPECT_EQ(looks, 0U)
      << "within 0.12 s: what is known of a session when it is asked for is its family";
  const SteadyTime over = now + 9s;
  while (signaller.next() < over) signaller.tick(now = signaller.next());
  EXPECT_LE(looks, 20U) << "two a second, for 9 s";
  EXPECT_GE(looks, 18U);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(SignallerTest, ThoseThatEndTogetherAreStoppedAndKilledByTheSameLooks) {
  const auto logins = more_sessions(20);
  for (const std::string& login : logins) signaller.end({login, 1, "session"}, now += 1ms);
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGKILL) world.end(pid);
  };
  while (of("TERM").empty()) signaller.tick(now = signaller.next());
  EXPECT_EQ(of("TERM").size(), 40U) << "all of them in one step";
  EXPECT_LE(looks, 3U + 2U) << "and two looks for it";
  looks = 0;
  while (of("KILL").empty()) signaller.tick(now = signaller.next());
  EXPECT_EQ(of("KILL").size(), 40U);
  EXPECT_LE(looks, 10U + 3U);
  run();
  EXPECT_EQ(of("KILL").size(), 60U) << "their host processes, which end by nothing else here";
}

TEST_F(SignallerTest, ThoseThatBeganOneAfterTheOtherShareTheLooksFromThenOn) {
  const auto logins = more_sessions(5);
  for (const std::string& login : logins) {
    signaller.end({login, 0, "session"}, now += Signaller::kTogether);
    signaller.tick(now);
  }
  EXPECT_EQ(of("TERM").size(), 10U);
  looks = 0;
  const SteadyTime over = now + Signaller::kPatience - 1s;
  while (signaller.next() < over) signaller.tick(now = signaller.next());
  EXPECT_LE(looks, 9U) << "two a second";
}

TEST_F(SignallerTest, WhatATickDoesIsBoundedAndTheRestIsDoneRightAfter) {
  const auto logins = more_sessions(static_cast<int>(Signaller::kActsMost) + 6);
  for (const std::string& login : logins) signaller.end({login, 0, "session"}, now);
  signaller.tick(now);
  EXPECT_EQ(of("TERM").size(), 2 * Signaller::kActsMost);
  EXPECT_EQ(signaller.next(), now) << "others are answered in between";
  signaller.tick(now);
  EXPECT_EQ(of("TERM").size(), 2 * logins.size());
  EXPECT_GT(signaller.next(), now);
}

TEST_F(SignallerTest, OneThatForksWithoutEndKeepsNoOtherFromItsEnd) {
  const auto logins = more_sessions(1);
  pid_t newest = 2'000;
  on_signal = [&](pid_t pid, int signal) {
    if ((pid == 502 || pid == newest) && signal == SIGSTOP) {
      ++newest;
      world.put({.pid = newest, .parent = 502, .start = 300, .session = 502, .uid = 1000});
    }
    if (signal == SIGKILL) world.end(pid);
  };
  signaller.end({kLogin, 0, "session"}, now);
  signaller.end({logins[0], 0, "session"}, now);
  signaller.tick(now);
  EXPECT_THAT(of("TERM"),
              ::testing::IsSupersetOf({"TERM 501", "TERM 502", "TERM 1001", "TERM 1002"}));
  EXPECT_LE(looks, 12U);
}

TEST_F(SignallerTest, ProcessOfTwoSessionsIsNotContinuedBeforeBothHaveHeardOfTheirEnd) {
  // A login program of a service of its own, run within an ssh session.
  world.put(
      {.pid = 600, .parent = 502, .comm = "login", .start = 200, .audit = 43, .login_uid = 1000});
  world.put({.pid = 601, .parent = 600, .start = 201, .session = 601, .uid = 1000, .audit = 43});
  const std::string inner = login_of(1);
  world.note(World::text("login", "alice", "", 600, 200), inner);
  signaller.end({kLogin, 0, "session"}, now);
  ASSERT_EQ(signaller.end({inner, 0, "session"}, now).outcome, "ending");
  signaller.tick(now);
  const auto at = [this](const std::string& what) {
    return std::find(sent.begin(), sent.end(), what) - sent.begin();
  };
  const auto last = [this](const std::string& what) {
    return sent.rend() - std::find(sent.rbegin(), sent.rend(), what);
  };
  ASSERT_THAT(sent, ::testing::Contains("CONT 601"));
  EXPECT_EQ(of("STOP 601").size(), 1U);
  EXPECT_GT(at("CONT 601"), last("TERM 601") - 1);
}

TEST_F(SignallerTest, ProcessThatGotAPidMeanwhileIsNotKilled) {
  end();
  world.put({.pid = 500, .parent = 1, .comm = "sshd", .start = 900});
  world.put({.pid = 501, .parent = 500, .start = 901});
  world.put({.pid = 502, .parent = 1, .start = 902, .session = 502});
  run();
  EXPECT_THAT(of("KILL"), IsEmpty());
}

TEST_F(SignallerTest, MoreThanItsBoundAreRefusedUntilOneHasEnded) {
  Signaller few({.checks = checks,
                 .send = [](const Process&, int) { return true; },
                 .log = log,
                 .jobs_most = 1});
  const auto logins = more_sessions(1);
  EXPECT_EQ(few.end({kLogin, 10, "session"}, now).outcome, "ending");
  EXPECT_EQ(few.end({kLogin, 10, "session"}, now).outcome, "ending");
  EXPECT_EQ(few.end({logins[0], 10, "session"}, now).outcome, "refused");
  for (const pid_t pid : {500, 501, 502}) world.end(pid);
  while (few.next() != SteadyTime::max()) few.tick(now = few.next());
  EXPECT_EQ(few.end({logins[0], 10, "session"}, now).outcome, "ending");
}

TEST_F(SignallerTest, NothingIsSignalledOfALoginThatIsNone) {
  world.note(World::text("sshd", "root"));
  EXPECT_EQ(signaller.end({kLogin, 0, "session"}, now).outcome, "refused");
  EXPECT_EQ(signaller.end({"fedcba9876543210fedcba9876543210", 0, "session"}, now).outcome,
            "unknown");
  EXPECT_EQ(signaller.end({"1", 0, "session"}, now).outcome, "refused");
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(SignallerTest, AskedTwiceItSignalsOnce) {
  end();
  const auto before = sent.size();
  EXPECT_EQ(end(), "ending");
  EXPECT_EQ(sent.size(), before);
}

TEST(SendSignalTest, RealProcessGetsItAndAnotherOfThatPidDoesNot) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (;;) ::pause();
  }
  const Processes processes;
  Process process = processes.find(child).value();
  Process other = process;
  ++other.start;
  EXPECT_FALSE(send_signal(processes, other, SIGKILL));
  if (const auto first = processes.find(1)) {
    EXPECT_FALSE(send_signal(processes, *first, 0));
  }
  EXPECT_TRUE(send_signal(processes, process, SIGKILL));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace latchkey::endd
