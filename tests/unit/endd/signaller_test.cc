// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/signaller.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kLogin;
using testing::World;

class SignallerTest : public ::testing::Test {
 protected:
  SignallerTest() { world.ssh_session(); }

  static std::string word(pid_t pid, int signal) {
    const std::string name = signal == SIGTERM   ? "TERM"
                             : signal == SIGHUP  ? "HUP"
                             : signal == SIGCONT ? "CONT"
                             : signal == SIGKILL ? "KILL"
                                                 : "?";
    return name + " " + std::to_string(pid);
  }
  std::vector<std::string> of(const std::string& name) const {
    std::vector<std::string> some;
    for (const std::string& each : sent)
      if (each.starts_with(name)) some.push_back(each);
    return some;
  }

  World world;
  Checks checks = world.checks();
  Log log{false};
  std::vector<std::string> sent;
  SteadyTime now{std::chrono::hours(1)};
  Signaller signaller{checks,
                      [this](const Process& process, int signal) {
                        sent.push_back(word(process.pid, signal));
                        return true;
                      },
                      log};
};

TEST_F(SignallerTest, WholeSessionIsAskedToEndAndTheHostProcessLast) {
  const auto answer = signaller.end(kLogin, now);
  EXPECT_EQ(answer.outcome, "ending");
  EXPECT_EQ(answer.processes, 3);
  const auto terms = of("TERM");
  EXPECT_THAT(terms, ::testing::UnorderedElementsAre("TERM 501", "TERM 502", "TERM 500"));
  EXPECT_EQ(sent.back(), "TERM 500");
  EXPECT_THAT(of("KILL"), IsEmpty());
}

TEST_F(SignallerTest, WhatIsLeftIsKilled) {
  signaller.end(kLogin, now);
  world.end(500);
  world.end(501);
  // The shell lost its parents and lives on; its pid is known from before.
  world.put({.pid = 502, .parent = 1, .start = 102, .session = 502, .uid = 1000});
  signaller.tick(now + Signaller::kPatience - std::chrono::milliseconds(1));
  EXPECT_THAT(of("KILL"), IsEmpty());
  signaller.tick(now + Signaller::kPatience);
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 502"));
  EXPECT_EQ(signaller.next(), SteadyTime::max());
}

TEST_F(SignallerTest, ProcessThatGotAPidMeanwhileIsNotKilled) {
  signaller.end(kLogin, now);
  world.put({.pid = 500, .parent = 1, .comm = "sshd", .start = 900});
  world.put({.pid = 501, .parent = 500, .start = 901});
  world.put({.pid = 502, .parent = 1, .start = 902});
  signaller.tick(now + Signaller::kPatience);
  EXPECT_THAT(of("KILL"), IsEmpty());
}

TEST_F(SignallerTest, NothingIsSignalledOfALoginThatIsNone) {
  world.note(World::text("sshd", "root"));
  EXPECT_EQ(signaller.end(kLogin, now).outcome, "refused");
  EXPECT_EQ(signaller.end("fedcba9876543210fedcba9876543210", now).outcome, "unknown");
  EXPECT_EQ(signaller.end("1", now).outcome, "refused");
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(SignallerTest, AskedTwiceItSignalsOnce) {
  signaller.end(kLogin, now);
  const auto before = sent.size();
  EXPECT_EQ(signaller.end(kLogin, now).outcome, "ending");
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
