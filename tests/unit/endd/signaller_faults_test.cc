// SPDX-License-Identifier: Apache-2.0
//
// Looks that fail or miss somebody, processes that hide, and what does not end.
#include <chrono>
#include <csignal>
#include <string>

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

// No memory, no descriptors: nobody can tell who is there.
TEST_F(SignallerTest, NothingFollowsFromALookThatFails) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGSTOP && pid == 501) looks_fail = true;
    if (signal == SIGKILL) world.end(pid);
  };
  looks_fail = true;
  end();
  EXPECT_THAT(sent, IsEmpty());
  signaller.tick(now = signaller.next());
  looks_fail = false;
  signaller.tick(now = signaller.next());
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502"));
  EXPECT_THAT(of("CONT"), ::testing::UnorderedElementsAre("CONT 501", "CONT 502"));
  sent.clear();
  world.end(500);
  while (signaller.next() < now + 9s) signaller.tick(signaller.next());
  EXPECT_THAT(sent, IsEmpty());
  looks_fail = false;
  now += 9s;
  run();
  EXPECT_THAT(of("KILL"), ::testing::UnorderedElementsAre("KILL 501", "KILL 502"));
}

TEST_F(SignallerTest, RootsProcessThatALookMissesIsKilledAndNotAsked) {
  world.put({.pid = 503, .parent = 502, .comm = "sudo", .real_uid = 1000});
  world.put({.pid = 504, .parent = 503, .session = 504});
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGSTOP && pid == 504) world.end(504);
  };
  end();
  EXPECT_THAT(of("TERM 504"), IsEmpty());
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 504"));
}

TEST_F(SignallerTest, WhatALookMissesBetweenStopAndKillIsKilledToo) {
  end();
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGSTOP && pid == 502) world.end(502);
  };
  signaller.tick(now += Signaller::kPatience);
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 501", "KILL 502"));
}

TEST_F(SignallerTest, OneWhoseFirstThreadHasEndedEndsWithTheOthers) {
  world.put({.pid = 502,
             .parent = 501,
             .start = 102,
             .session = 502,
             .uid = 1000,
             .state = 'Z',
             .threads = "ZS"});
  // Threads that have ended count as long as a tracer does not wait for them.
  world.put({.pid = 501,
             .parent = 500,
             .comm = "sshd",
             .start = 101,
             .session = 501,
             .uid = 1000,
             .state = 'Z',
             .threads = "ZXZ"});
  // One that went meanwhile may have made another.
  world.put(
      {.pid = 503, .parent = 501, .session = 502, .uid = 1000, .state = 'Z', .threads = "Z-"});
  end();
  EXPECT_THAT(of("TERM"), ElementsAre("TERM 502", "TERM 503"));
}

TEST_F(SignallerTest, WhatRunsWithAnothersPowerIsKilledAndNotAsked) {
  world.put({.pid = 503, .parent = 502, .comm = "sudo", .real_uid = 1000});
  world.put({.pid = 504, .parent = 503, .session = 504});
  end();
  EXPECT_THAT(of("TERM"), ::testing::UnorderedElementsAre("TERM 501", "TERM 502", "TERM 503"));
  EXPECT_THAT(of("KILL"), ElementsAre("KILL 504"));
}

// Or the number of a POSIX session could be somebody else's by the next look.
TEST_F(SignallerTest, WhatLivesOnIsStillLookedAt) {
  end();
  const SteadyTime began = now;
  while (signaller.next() < began + 12s) signaller.tick(now = signaller.next());
  looks = 0;
  while (signaller.next() < began + 32s) signaller.tick(now = signaller.next());
  EXPECT_GE(looks, 9U);
  EXPECT_LE(looks, 12U);
}

TEST_F(SignallerTest, WhatALookMissedAfterItWasStoppedGoesOnToo) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGSTOP && pid == 502) world.end(501);
  };
  end();
  EXPECT_THAT(of("CONT"), ::testing::UnorderedElementsAre("CONT 501", "CONT 502"));
}

TEST_F(SignallerTest, HostProcessThatLivesOnAloneIsLeftForAWhile) {
  on_signal = [this](pid_t pid, int signal) {
    if (signal == SIGTERM && pid != 500) world.end(pid);
  };
  end();
  const SteadyTime began = now;
  while (signaller.next() < began + 10s) signaller.tick(now = signaller.next());
  EXPECT_EQ(of("KILL 500").size(), 4U);
  sent.clear();
  while (signaller.next() < began + 30s) signaller.tick(now = signaller.next());
  EXPECT_THAT(sent, IsEmpty());
  while (signaller.next() < began + 60s) signaller.tick(now = signaller.next());
  EXPECT_EQ(of("KILL 500").size(), 4U);
}

}  // namespace
}  // namespace latchkey::endd
